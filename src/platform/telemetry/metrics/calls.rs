//! Counts calls, around everything else, so that calls that are refused before they
//! reach their method count, too. Health checks and reflection do not.

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use prometheus::{Histogram, IntCounter};
use tonic::{Code, codegen::http::Response};

use super::METRICS;

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
    CODES[code_index(code)]
}

fn code_index(code: Code) -> usize {
    usize::try_from(i32::from(code)).unwrap_or_default()
}

/// What is counted of a method, from its first call on.
pub struct MethodMetrics {
    /// `Service/Method`.
    path: &'static str,
    duration: OnceLock<Histogram>,
    codes: [OnceLock<IntCounter>; CODES.len()],
}

impl MethodMetrics {
    /// Those of the method at `Service/Method`.
    pub fn new(path: &'static str) -> Self {
        Self {
            path,
            duration: OnceLock::new(),
            codes: Default::default(),
        }
    }

    fn count(&self, code: Code, seconds: f64) {
        let (service, method) = self.path.split_once('/').unwrap_or_default();
        let duration = self
            .duration
            .get_or_init(|| METRICS.duration.with_label_values(&[service, method]));
        duration.observe(seconds);
        let counter = self.codes[code_index(code)].get_or_init(|| {
            let labels = [service, method, code_name(code)];
            METRICS.requests.with_label_values(&labels)
        });
        counter.inc();
    }
}

/// A call that is being counted. If nobody waits for its answer any more, it is
/// dropped, and counts as cancelled.
pub struct Counted {
    method: Arc<MethodMetrics>,
    started: Instant,
    code: Code,
}

impl Counted {
    /// A call of this method that begins now.
    pub fn begin(method: &Arc<MethodMetrics>) -> Self {
        METRICS.in_flight.inc();
        Self {
            method: Arc::clone(method),
            started: Instant::now(),
            code: Code::Cancelled,
        }
    }

    /// Its method, `Service/Method`.
    pub fn method(&self) -> &'static str {
        self.method.path
    }

    /// It is answered. A failure is in the answer's head; what has none there has
    /// succeeded, or is a stream, which has begun.
    pub fn end<A>(mut self, answer: &Response<A>) {
        let code = answer.headers().get("grpc-status");
        self.code = code.map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()));
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        METRICS.in_flight.dec();
        let seconds = self.started.elapsed().as_secs_f64();
        self.method.count(self.code, seconds);
    }
}
