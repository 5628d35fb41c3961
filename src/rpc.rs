//! The frame around every RPC: decides its context, runs it in a task of its
//! own, and turns its outcome into a reply. The only place that logs a failure.

use std::sync::Arc;

use prost::Message;
use prost_types::Timestamp;
use tokio::time::timeout_at;
use tonic::{Request, Response, Status};

use crate::{
    access::Method,
    context::{App, Context},
    edge::{Admitted, Deadline, panics},
    error::{Error, Result},
};

/// What a method of a service returns.
pub type Rpc<T> = Result<Response<T>, Status>;

/// Shorter answers are not compressed, whatever the caller understands.
const WORTH_COMPRESSING: usize = 4096;

/// Serves `request` with `method` until its deadline. It runs in a task of its
/// own: neither a caller who hangs up nor the deadline stops it half-way.
pub async fn reply<Q, T, F>(
    app: &Arc<App>,
    request: Request<Q>,
    method: impl FnOnce(Context, Q) -> F,
) -> Rpc<T>
where
    Q: Method,
    T: Message + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let compress = request.metadata().contains_key("grpc-accept-encoding");
    let deadline = Deadline::of(request.extensions());
    let served = timeout_at(deadline.0, serve(app, request, deadline, method)).await;
    match served.unwrap_or(Err(Error::DeadlineExceeded)) {
        Ok(answer) => {
            let short = compress && answer.encoded_len() < WORTH_COMPRESSING;
            let mut response = Response::new(answer);
            if short {
                response.disable_compression();
            }
            Ok(response)
        }
        Err(error) => {
            log(Q::NAME, &error);
            Err(Status::from(&error))
        }
    }
}

async fn serve<Q, T, F>(
    app: &Arc<App>,
    request: Request<Q>,
    deadline: Deadline,
    method: impl FnOnce(Context, Q) -> F,
) -> Result<T>
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    deadline.check()?;
    let admitted = app.edge().admit()?;
    let peer = request.remote_addr().map(|address| address.ip());
    let context = Context::resolve::<Q>(app, request.metadata(), peer, deadline).await?;
    context.check_rate()?;
    let admitted = admitted.of(context.organization_id)?;
    let outcome = run(context.clone(), request.into_inner(), admitted, method).await;
    if let Err(Error::Denied(reason)) = &outcome {
        context.count_denied(reason);
    }
    outcome
}

/// The call is in flight until its work is done, whoever still waits for it.
async fn run<Q, T, F>(
    context: Context,
    request: Q,
    admitted: Admitted,
    method: impl FnOnce(Context, Q) -> F,
) -> Result<T>
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    context.check_grant(Q::WHO)?;
    let work = method(context, request);
    let running = tokio::spawn(async move {
        let _in_flight = admitted;
        panics::caught(work).await?
    });
    running
        .await
        .unwrap_or_else(|error| Err(Error::internal(error)))
}

/// Logs failures that are not the caller's. What a request holds is never
/// logged, nor is the text of a database error beyond its first line.
fn log(method: &str, error: &Error) {
    match error {
        Error::Internal { .. } => tracing::error!(method, error = error.chain(), "call failed"),
        Error::Unavailable(_) => tracing::warn!(method, error = error.chain(), "call failed"),
        _ => tracing::debug!(method, %error, "call refused"),
    }
}

/// A time on the wire.
pub fn timestamp(time: chrono::DateTime<chrono::Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
