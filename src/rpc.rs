//! The frame around every RPC: decides its context, runs it in a task of its
//! own, and turns its outcome into a reply. The only place that logs a failure.

use std::sync::Arc;

use chrono::Datelike;
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use crate::{
    access::Method,
    context::{App, Context},
    error::{Error, Result},
    proto,
};

/// What a method of a service returns.
pub type Rpc<T> = Result<Response<T>, Status>;

/// Serves `request` with `method`. It runs in a task of its own: a caller who
/// hangs up does not stop it half-way, a panic does not reach the connection.
pub async fn reply<Q, T, F>(
    app: &Arc<App>,
    request: Request<Q>,
    method: impl FnOnce(Context, Q) -> F,
) -> Rpc<T>
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let peer = request.remote_addr().map(|address| address.ip());
    let context = Context::resolve::<Q>(app, request.metadata(), peer).await;
    let outcome = match context {
        Ok(context) => {
            let outcome = run(context.clone(), request.into_inner(), method).await;
            if let Err(Error::Denied(reason)) = &outcome {
                context.count_denied(reason);
            }
            outcome
        }
        Err(error) => Err(error),
    };
    outcome.map(Response::new).map_err(|error| {
        log(Q::NAME, &error);
        Status::from(&error)
    })
}

async fn run<Q, T, F>(
    context: Context,
    request: Q,
    method: impl FnOnce(Context, Q) -> F,
) -> Result<T>
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    context.check_grant(Q::WHO)?;
    let running = tokio::spawn(method(context, request));
    running
        .await
        .unwrap_or_else(|error| Err(Error::internal(error)))
}

/// Logs failures that are not the caller's. What a request holds is never
/// logged, nor is the text of a database error beyond its first line.
fn log(method: &str, error: &Error) {
    match error {
        Error::Internal(_) => tracing::error!(method, error = error.chain(), "call failed"),
        Error::Unavailable(_) => tracing::warn!(method, error = error.chain(), "call failed"),
        _ => tracing::debug!(method, %error, "call refused"),
    }
}

/// A day on the wire.
pub fn date(date: chrono::NaiveDate) -> proto::Date {
    let unsigned = |part: u32| i32::try_from(part).unwrap_or_default();
    proto::Date {
        year: date.year(),
        month: unsigned(date.month()),
        day: unsigned(date.day()),
    }
}

/// A time on the wire.
pub fn timestamp(time: chrono::DateTime<chrono::Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
