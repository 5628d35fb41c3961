//! The frame around every RPC: decides its context, runs it in a task of its
//! own, and turns its outcome into a reply.

use std::sync::Arc;

use prost_types::Timestamp;
use tonic::{Request, Response, Status};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    access::Method,
    context::{App, Context},
    error::{Error, Result},
    telemetry::{call::Call, metrics},
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
    let call = Call::begin(Q::PATH, request.metadata());
    let (organization_id, outcome) = serve(app, request, method).instrument(call.span()).await;
    match &outcome {
        Err(Error::Overloaded) => metrics::shed("overloaded"),
        Err(Error::TooManyAttempts { .. }) => metrics::rate_limited("attempts"),
        _ => {}
    }
    call.end(organization_id, &outcome);
    outcome
        .map(Response::new)
        .map_err(|error| Status::from(&error))
}

/// The outcome, and for which organization; nil if that is not known.
async fn serve<Q, T, F>(
    app: &Arc<App>,
    request: Request<Q>,
    method: impl FnOnce(Context, Q) -> F,
) -> (Uuid, Result<T>)
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let peer = request.remote_addr().map(|address| address.ip());
    let context = match Context::resolve::<Q>(app, request.metadata(), peer).await {
        Ok(context) => context,
        Err(error) => return (Uuid::nil(), Err(error)),
    };
    let outcome = run(context.clone(), request.into_inner(), method).await;
    if let Err(Error::Denied(reason)) = &outcome {
        context.count_denied(reason);
    }
    (context.organization_id, outcome)
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
    let running = tokio::spawn(method(context, request).in_current_span());
    // What a panic says may hold what the request holds.
    running
        .await
        .unwrap_or_else(|_| Err(Error::internal("the task has panicked")))
}

/// A time on the wire.
pub fn timestamp(time: chrono::DateTime<chrono::Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
