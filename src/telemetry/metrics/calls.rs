//! Counts calls: a layer around everything else, so that calls that are refused
//! before they reach their method count, too. Health checks and reflection do not.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{LazyLock, OnceLock},
    task::{Context, Poll, ready},
    time::Instant,
};

use pin_project_lite::pin_project;
use prometheus::{Histogram, IntCounter};
use tonic::{Code, codegen::http};
use tower::{Layer, Service};

use super::METRICS;
use crate::access::table::TABLE;

/// The codes by their numbers.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// The name of a code.
pub fn code_name(code: Code) -> &'static str {
    CODES[place(code)]
}

fn place(code: Code) -> usize {
    usize::try_from(i32::from(code)).unwrap_or_default()
}

/// What is counted of a method, from its first call on.
struct Method {
    service: &'static str,
    name: &'static str,
    duration: OnceLock<Histogram>,
    codes: [OnceLock<IntCounter>; CODES.len()],
}

impl Method {
    fn count(&self, code: Code, seconds: f64) {
        let (service, method) = (self.service, self.name);
        let duration = self
            .duration
            .get_or_init(|| METRICS.duration.with_label_values(&[service, method]));
        duration.observe(seconds);
        let counter = self.codes[place(code)].get_or_init(|| {
            let labels = [service, method, code_name(code)];
            METRICS.requests.with_label_values(&labels)
        });
        counter.inc();
    }
}

/// All methods, by their paths.
static METHODS: LazyLock<HashMap<String, Method>> = LazyLock::new(|| {
    let methods = TABLE.iter().map(|row| {
        let path = format!("/minicrm.v1.{}/{}", row.service, row.method);
        let method = Method {
            service: row.service,
            name: row.method,
            duration: OnceLock::new(),
            codes: Default::default(),
        };
        (path, method)
    });
    methods.collect()
});

/// A call that is being served. If nobody waits for its answer any more, it is
/// dropped, and counts as cancelled.
struct Call {
    method: &'static Method,
    started: Instant,
    code: Code,
}

impl Call {
    fn begin(path: &str) -> Option<Self> {
        let method = METHODS.get(path)?;
        METRICS.in_flight.inc();
        Some(Self {
            method,
            started: Instant::now(),
            code: Code::Cancelled,
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        METRICS.in_flight.dec();
        let seconds = self.started.elapsed().as_secs_f64();
        self.method.count(self.code, seconds);
    }
}

/// Counts calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountCalls;

impl<S> Layer<S> for CountCalls {
    type Service = Counting<S>;

    fn layer(&self, inner: S) -> Counting<S> {
        Counting(inner)
    }
}

/// A service whose calls are counted.
#[derive(Debug, Clone)]
pub struct Counting<S>(S);

impl<S, Q, A> Service<http::Request<Q>> for Counting<S>
where
    S: Service<http::Request<Q>, Response = http::Response<A>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Q>) -> Self::Future {
        Answer {
            call: Call::begin(request.uri().path()),
            answer: self.0.call(request),
        }
    }
}

pin_project! {
    /// The answer to a call that is counted.
    pub struct Answer<F> {
        call: Option<Call>,
        #[pin]
        answer: F,
    }
}

impl<F, A, E> Future for Answer<F>
where
    F: Future<Output = Result<http::Response<A>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(cx));
        if let Some(mut call) = this.call.take() {
            call.code = answer.as_ref().map_or(Code::Unknown, code);
        }
        Poll::Ready(answer)
    }
}

/// The code of an answer. A failure is in its head; what has none there has
/// succeeded, or is a stream, which has begun.
fn code<A>(answer: &http::Response<A>) -> Code {
    let code = answer.headers().get("grpc-status");
    code.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}
