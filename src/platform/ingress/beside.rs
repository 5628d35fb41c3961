//! The services that are beside those of the contract: health and reflection. They are
//! streams, not counted as calls, and work when all else is too busy; so they have
//! memory of their own.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use hyper::body::{Bytes, Frame, Incoming};
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::{
    body::Body,
    codegen::{
        Service as _,
        http::{Request, Response},
    },
};

use super::{
    Deadline,
    answers::Answer,
    budget::Budget,
    requests::Reader,
    served::{LEFT, Served},
    visitors::Visitor,
};
use crate::error::Result;
use crate::platform::panics;

/// Bytes that are held by an acceptor: nobody who is let in by one keeps those out who
/// check health at the other.
const MEMORY: usize = 16 * 1024 * 1024;
/// What a stream of answers takes as long as it lasts.
const WATCH: usize = 8 * 1024;
/// The same for one of questions and answers, with what is read of the questions.
const CONVERSATION: usize = 64 * 1024;
/// Bytes of all questions of a stream.
const MAX_QUESTIONS: usize = 1024 * 1024;

/// Whether these services are at `path`.
pub fn is_at(path: &str) -> bool {
    path.starts_with("/grpc.")
}

/// The memory for what is beside the contract, for one acceptor.
pub fn memory() -> Arc<Budget> {
    Budget::new("beside", MEMORY, 2)
}

/// Answers a call of one of them.
pub async fn answer(
    served: &Served,
    request: Request<Incoming>,
    visitor: &Arc<Visitor>,
) -> Result<Response<Answer>> {
    let edge = &*served.edge;
    let end = Instant::now() + edge.settings.timeouts.max;
    let path = request.uri().path();
    let lasts = match path.rsplit_once('/') {
        Some((_, "Watch")) => WATCH,
        Some((_, "ServerReflectionInfo")) => CONVERSATION,
        _ => 0,
    };
    let owner = visitor.owner();
    let charge = || served.beside.charge(owner, lasts, LEFT);
    let stream = (lasts > 0).then(charge).transpose()?;
    let request = if lasts == CONVERSATION {
        request.map(|incoming| {
            Body::new(Questions {
                incoming,
                left: MAX_QUESTIONS,
                end: Box::pin(sleep_until(end)),
            })
        })
    } else {
        let reader = Reader {
            edge,
            callers: &*served.callers,
            deadline: Deadline(end),
            owner,
        };
        reader.read_small(&served.beside, request).await?
    };
    let answered = async {
        let Ok(response) = served.routes.clone().call(request).await;
        Answer::hold(response, visitor, &served.beside, stream).await
    };
    panics::caught(answered).await?
}

/// The questions of a stream, which end as if the client had no more when there were
/// too many, or after a time.
struct Questions {
    incoming: Incoming,
    left: usize,
    end: Pin<Box<Sleep>>,
}

impl hyper::body::Body for Questions {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let ended = self.end.as_mut().poll(cx).is_ready();
        if ended || self.left == 0 {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.left = self.left.saturating_sub(length);
        }
        Poll::Ready(frame)
    }
}
