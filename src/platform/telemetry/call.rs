//! A call that is served or refused: its span, and the one line it has in the log.

use std::time::Instant;

use tonic::{Code, codegen::http::HeaderMap, metadata::MetadataMap};
use tracing::{Span, field};

use super::{
    metrics::code_name,
    trace::{Parent, TraceId, span},
};
use crate::{
    error::{Error, Result},
    ids::OrganizationId,
};

/// The method of calls for which there is none. What they ask for is not repeated.
const UNKNOWN: &str = "unknown";

/// A call that has not reached its method.
#[derive(Clone, Copy)]
pub struct Arrival {
    method: &'static str,
    parent: Option<Parent>,
    started: Instant,
}

impl Arrival {
    /// A call of this method, if there is it, that arrives now.
    pub fn new(method: Option<&'static str>, headers: &HeaderMap) -> Self {
        Self {
            method: method.unwrap_or(UNKNOWN),
            parent: Parent::of(headers),
            started: Instant::now(),
        }
    }

    /// It will not reach it. This is its line in the log.
    pub fn refuse(self, error: &Error) {
        self.begin().end(&Err::<(), _>(error.clone()));
    }

    fn begin(self) -> Call {
        let Self {
            method,
            parent,
            started,
        } = self;
        let span = span!(
            "call",
            otel.name = method,
            otel.kind = "server",
            otel.status_code = field::Empty,
            rpc.grpc.status_code = field::Empty,
        );
        let named = parent.map(|parent| TraceId::new(parent.trace_id));
        Call {
            method,
            organization_id: OrganizationId::default(),
            trace_id: join(&span, parent)
                .or(named)
                .unwrap_or_else(TraceId::random),
            span,
            started,
        }
    }
}

/// A call that is being served.
pub struct Call {
    method: &'static str,
    organization_id: OrganizationId,
    trace_id: TraceId,
    span: Span,
    started: Instant,
}

impl Call {
    /// A call of this method, `Service/Method`, that begins now.
    pub fn begin(method: &'static str, metadata: &MetadataMap) -> Self {
        Arrival::new(Some(method), metadata.as_ref()).begin()
    }

    /// The span of all that is done for it.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// It was let into this organization; nil if it is for none.
    pub fn is_for(&mut self, organization_id: OrganizationId) {
        self.organization_id = organization_id;
    }

    /// Says how it ended. Failures of the service are logged as such; what went
    /// well or was the caller's fault for those who want to know of every call.
    /// What a request holds is never logged, nor is the text of a database error
    /// beyond its first line.
    pub fn end<T>(self, outcome: &Result<T>) {
        let error = outcome.as_ref().err();
        let code = error.map_or(Code::Ok, Error::code);
        self.span
            .record("rpc.grpc.status_code", i32::from(code))
            .record(
                "otel.status_code",
                if is_failure(code) { "ERROR" } else { "" },
            );
        macro_rules! line {
            ($level:ident, $message:literal $(, $cause:expr)?) => {
                tracing::$level!(
                    target: "minicrm::calls",
                    method = self.method,
                    code = code_name(code),
                    reason = error.map(|error| error.reason().as_str()),
                    latency_ms = self.started.elapsed().as_secs_f64() * 1000.0,
                    organization = (!self.organization_id.is_nil())
                        .then(|| field::display(self.organization_id)),
                    trace_id = %self.trace_id,
                    $(error = $cause,)?
                    $message
                )
            };
        }
        match error {
            Some(error @ Error::Internal { .. }) => line!(error, "call failed", error.chain()),
            Some(error @ Error::Unavailable(_)) => line!(warn, "call failed", error.chain()),
            Some(Error::Conflict | Error::Busy) => line!(info, "call failed"),
            Some(_) => line!(debug, "call refused"),
            None => line!(debug, "call"),
        }
    }
}

/// Whether a call that ends so failed for a reason that is the service's.
fn is_failure(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown | Code::DeadlineExceeded | Code::Internal | Code::Unavailable
    )
}

/// Makes the span a part of the caller's trace, or of a new one: its id, if the
/// trace is sent.
#[cfg(feature = "otlp")]
fn join(span: &Span, parent: Option<Parent>) -> Option<TraceId> {
    (!span.is_disabled())
        .then(|| super::otlp::join(span, parent))
        .flatten()
}

#[cfg(not(feature = "otlp"))]
fn join(_: &Span, _: Option<Parent>) -> Option<TraceId> {
    None
}
