//! The frame around every RPC: decides its context, runs it in a task of its
//! own, and turns its outcome into a reply.

use std::sync::Arc;

use prost::Message;
use tokio::time::timeout_at;
use tonic::{Request, Response, Status};
use tracing::Instrument;

use super::{context::Context, frame::Frame};
use crate::{
    access::Method,
    actor::Identity,
    error::{Error, Result},
    platform::{
        ingress::{Deadline, Owner, RequestMemory, Visitor},
        panics,
        telemetry::{call::Call, metrics},
    },
};

/// What a method of a service returns.
pub type Rpc<T> = Result<Response<T>, Status>;

/// Shorter answers are not compressed, whatever the caller understands.
const WORTH_COMPRESSING: usize = 4096;

/// Longest answer: what clients accept unless told otherwise.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Serves `request` with `method` until its deadline. It runs in a task of its
/// own: neither a caller who hangs up nor the deadline stops it half-way.
pub async fn reply<Q, T, F>(
    frame: &Arc<Frame>,
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
    let mut call = Call::begin(Q::PATH, request.metadata());
    let span = call.span();
    let serving = serve(frame, request, deadline, &mut call, method).instrument(span);
    let served = timeout_at(deadline.0, serving).await;
    let outcome = served.unwrap_or(Err(Error::DeadlineExceeded));
    let outcome = outcome.and_then(|(answer, owner)| match answer.encoded_len() {
        // Methods answer less; a client could not say what is wrong with more.
        length if length > MAX_ANSWER => Err(Error::AnswerTooLarge),
        length => Ok((answer, length, owner)),
    });
    match &outcome {
        Err(Error::Overloaded { what, .. }) => metrics::shed(what),
        Err(Error::RateLimited { kind, .. }) => metrics::rate_limited(kind.as_str()),
        Err(Error::TooManyAttempts { .. }) => metrics::rate_limited("attempts"),
        _ => {}
    }
    call.end(&outcome);
    let (answer, length, owner) = outcome.map_err(|error| Status::from(&error))?;
    let short = compress && length < WORTH_COMPRESSING;
    let mut response = Response::new(answer);
    if short {
        response.disable_compression();
    }
    if let Some(owner) = owner {
        // The answer counts for them until it is sent.
        response.extensions_mut().insert(owner);
    }
    Ok(response)
}

/// The same for a method that needs something beside its context.
pub async fn reply_with<S, Q, T, F>(
    frame: &Arc<Frame>,
    state: &S,
    request: Request<Q>,
    method: impl FnOnce(S, Context, Q) -> F,
) -> Rpc<T>
where
    S: Clone,
    Q: Method,
    T: Message + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let state = state.clone();
    reply(frame, request, |context, request| {
        method(state, context, request)
    })
    .await
}

async fn serve<Q, T, F>(
    frame: &Arc<Frame>,
    request: Request<Q>,
    deadline: Deadline,
    call: &mut Call,
    method: impl FnOnce(Context, Q) -> F,
) -> Result<(T, Option<Owner>)>
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    deadline.check()?;
    let admitted = frame.edge.admit()?;
    let peer = request.remote_addr().map(|address| address.ip());
    let context = Context::resolve::<Q>(frame, request.metadata(), peer, deadline).await?;
    if context.identity != Identity::Nobody {
        Visitor::proves_identity(request.extensions());
    }
    call.is_for(context.organization_id);
    context.check_rate()?;
    let taken = (
        admitted.attribute_to(context.organization_id)?,
        RequestMemory::of(request.extensions()),
    );
    let owner = context.owner();
    let outcome = run(context.clone(), request.into_inner(), taken, method).await;
    if let Err(Error::Denied(reason)) = &outcome {
        context.count_denied(reason.as_str());
    }
    outcome.map(|answer| (answer, owner))
}

/// What the call has taken is given back when its work is done, whoever still waits for
/// it: its permit among those in flight, and the memory of its request.
async fn run<Q, T, F>(
    context: Context,
    request: Q,
    taken: impl Send + 'static,
    method: impl FnOnce(Context, Q) -> F,
) -> Result<T>
where
    Q: Method,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    context.check_grant(Q::WHO)?;
    let work = method(context, request);
    let work = async move {
        let _taken = taken;
        panics::caught(work).await?
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a call goes on when its caller has gone"
    )]
    let work = tokio::spawn(work.in_current_span());
    work.await
        .unwrap_or_else(|error| Err(Error::internal(error)))
}
