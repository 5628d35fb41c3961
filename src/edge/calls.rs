//! What is around each call: a count, its deadline, a net for panics, and details and a
//! line in the log for the errors that the gRPC layer makes itself.

use std::time::Duration;

use hyper::body::Incoming;
use tokio::time::timeout_at;
use tonic::{
    Status,
    body::Body,
    codegen::{
        Service as _,
        http::{HeaderValue, Request, Response},
    },
    service::Routes,
};

use super::{
    deadline::{Deadline, Timeouts},
    panics,
};
use crate::{
    error::Error,
    telemetry::{call::Arrival, metrics::Counted},
};

/// How much later than the method itself a call is ended from outside: when the
/// deadline passes while its request is still being read.
const SLACK: Duration = Duration::from_millis(20);

/// Answers a call. Those of gRPC's own services (health, reflection) are streams
/// that may last, and must work when all else is too busy.
pub async fn answer(
    mut routes: Routes,
    request: Request<Incoming>,
    timeouts: Timeouts,
) -> Response<Body> {
    if request.uri().path().starts_with("/grpc.") {
        let Ok(response) = routes.call(request).await;
        return response;
    }
    let counted = Counted::begin(request.uri().path());
    let method = counted.as_ref().map(Counted::method);
    let arrival = Arrival::new(method, request.headers());
    let response = in_time(routes, request, timeouts, arrival).await;
    if let Some(counted) = counted {
        counted.end(&response);
    }
    response
}

async fn in_time(
    mut routes: Routes,
    mut request: Request<Incoming>,
    timeouts: Timeouts,
    arrival: Arrival,
) -> Response<Body> {
    let deadline = match timeouts.deadline(request.uri().path(), request.headers()) {
        Ok(deadline) => deadline,
        Err(error) => return refusal(arrival, &error),
    };
    request.extensions_mut().insert(deadline);
    let Deadline(end) = deadline;
    let call = panics::caught(async move { routes.call(request).await });
    match timeout_at(end + SLACK, call).await {
        Ok(Ok(Ok(response))) => explained(arrival, response),
        Ok(Err(error)) => refusal(arrival, &error),
        Err(_) => refusal(arrival, &Error::DeadlineExceeded),
    }
}

fn refusal(arrival: Arrival, error: &Error) -> Response<Body> {
    arrival.refuse(error);
    let status: Status = error.into();
    status.into_http()
}

/// The response; if it is an error that the gRPC layer has made, with the details
/// that every error of this service has.
fn explained(arrival: Arrival, response: Response<Body>) -> Response<Body> {
    let headers = response.headers();
    let code = headers.get("grpc-status").map(HeaderValue::as_bytes);
    if headers.contains_key("grpc-status-details-bin") {
        return response;
    }
    match code {
        // The details of a success, or of a call that nobody waits for.
        None | Some(b"0" | b"1") => response,
        Some(b"12") => refusal(arrival, &Error::Unimplemented),
        Some(b"8" | b"11") => refusal(arrival, &Error::MessageTooLarge),
        // It is made of requests only that break the protocol.
        Some(_) => refusal(arrival, &Error::Malformed),
    }
}
