//! What is around each call: a count, its deadline, the reading of its request, a net
//! for panics, and details and a line in the log for the errors that the gRPC layer
//! makes itself.

use std::{sync::Arc, time::Duration};

use hyper::body::Incoming;
use tokio::time::timeout_at;
use tonic::{
    Status,
    body::Body,
    codegen::{
        Service as _,
        http::{HeaderName, HeaderValue, Request, Response},
    },
};

use super::{
    answers::Answer, beside, deadline::Deadline, decompress::ENCODINGS, methods::Method,
    requests::Reader, served::Served, visitors::Visitor,
};
use crate::{
    error::{Error, Result},
    platform::{
        panics,
        telemetry::{
            call::Arrival,
            metrics::{self, Counted},
        },
    },
};

/// How much later than the method itself a call is ended from outside: when the
/// deadline passes while its request is still being read.
const SLACK: Duration = Duration::from_millis(20);
/// The header that says how requests may be compressed.
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Answers a call of this visitor. Those of gRPC's own services (health, reflection)
/// are streams that may last, and must work when all else is too busy.
pub async fn answer(
    served: &Served,
    mut request: Request<Incoming>,
    visitor: &Arc<Visitor>,
) -> Response<Answer> {
    request.extensions_mut().insert(Arc::clone(visitor));
    let method = served.edge.methods.at(request.uri().path());
    let counted = method
        .as_ref()
        .map(|method| Counted::begin(&method.metrics));
    let name = counted.as_ref().map(Counted::method);
    let arrival = Arrival::new(name, request.headers());
    let outcome = if beside::is_at(request.uri().path()) {
        beside::answer(served, request, visitor).await
    } else {
        in_time(served, method, request, visitor, arrival).await
    };
    let response = outcome.unwrap_or_else(|error| {
        let response = refusal(arrival, &error);
        Answer::none(response, visitor, &served.edge.answers.strangers)
    });
    if let Some(counted) = counted {
        counted.end(&response);
    }
    response
}

async fn in_time(
    served: &Served,
    method: Option<Method>,
    mut request: Request<Incoming>,
    visitor: &Arc<Visitor>,
    arrival: Arrival,
) -> Result<Response<Answer>> {
    let Served {
        routes,
        edge,
        callers,
        ..
    } = served;
    let timeouts = edge.settings.timeouts;
    let deadline = timeouts.deadline(request.uri().path(), request.headers())?;
    request.extensions_mut().insert(deadline);
    let reader = Reader {
        edge,
        callers: &**callers,
        deadline,
        owner: visitor.owner(),
    };
    let call = async {
        let request = match &method {
            Some(method) => reader.read(method, request).await?,
            // Whatever it is, nobody reads it.
            None => request.map(|_| Body::empty()),
        };
        let Ok(response) = routes.clone().call(request).await;
        let response = match explained(&response) {
            Some(error) => refusal(arrival, &error).map(|()| Body::empty()),
            None => response,
        };
        let memory = match method {
            Some(method) if !method.is_open => &edge.answers.known,
            _ => &edge.answers.strangers,
        };
        Answer::hold(response, visitor, memory, None).await
    };
    let Deadline(end) = deadline;
    match timeout_at(end + SLACK, panics::caught(call)).await {
        Ok(outcome) => outcome.flatten(),
        Err(_) => Err(Error::DeadlineExceeded),
    }
}

fn refusal(arrival: Arrival, error: &Error) -> Response<()> {
    arrival.refuse(error);
    match error {
        Error::Overloaded { what, .. } => metrics::shed(what),
        Error::AnswersWaiting => metrics::shed("answer_memory"),
        _ => {}
    }
    let status: Status = error.into();
    let mut response = status.into_http();
    if let Error::Unimplemented = error {
        let encodings = HeaderValue::from_static(ENCODINGS);
        response.headers_mut().insert(ACCEPTED, encodings);
    }
    response
}

/// What a response is that the gRPC layer has made, with the details that every error
/// of this service has.
fn explained(response: &Response<Body>) -> Option<Error> {
    let headers = response.headers();
    let code = headers.get("grpc-status").map(HeaderValue::as_bytes);
    if headers.contains_key("grpc-status-details-bin") {
        return None;
    }
    match code {
        // The details of a success, or of a call that nobody waits for.
        None | Some(b"0" | b"1") => None,
        Some(b"12") => Some(Error::Unimplemented),
        Some(b"8" | b"11") => Some(Error::MessageTooLarge),
        // It is made of requests only that break the protocol.
        Some(_) => Some(Error::Malformed),
    }
}
