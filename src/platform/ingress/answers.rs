//! Answers that wait to be sent. They are encoded at once, held in memory that is
//! counted, and handed to HTTP/2 piece by piece, as their readers have room for them.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::{poll, task::AtomicWaker};
use hyper::body::{Body, Buf, Bytes, Frame};
use tonic::{
    Status,
    codegen::http::{HeaderMap, Response},
};

use super::{
    budget::{Budget, Charge, Owner},
    served::LEFT,
    stalls,
    visitors::{Calling, Sending, Visitor},
};
use crate::error::{Error, Result};

/// Bytes of a piece: as many as are in a frame.
const PIECE: usize = 16 * 1024;
/// Bytes of the buffer that the gRPC layer encodes into, which grows by doubling.
const BUFFER: usize = 8 * 1024;
/// Answers that are no longer do not keep that.
const TINY: usize = 2 * 1024;
/// What such an answer takes beside its bytes.
const HANDLE: usize = 512;

/// Memory that (a part of) an answer takes until it is sent.
struct Unsent {
    _charge: Charge,
    /// Pieces that HTTP/2 has and has not sent.
    pieces: AtomicUsize,
    /// Who waits for them to be sent.
    waker: AtomicWaker,
}

/// A piece of an answer.
pub struct Piece {
    bytes: Bytes,
    unsent: Option<Arc<Unsent>>,
    _sending: Option<Sending>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(unsent) = &self.unsent {
            unsent.pieces.fetch_sub(1, Ordering::AcqRel);
            unsent.waker.wake();
        }
    }
}

/// An answer.
pub struct Answer {
    visitor: Arc<Visitor>,
    owner: Owner,
    budget: Arc<Budget>,
    /// What is encoded and not handed on.
    data: Bytes,
    unsent: Option<Arc<Unsent>>,
    /// What comes after it, if that is known already.
    next: Option<Frame<Bytes>>,
    /// Where the rest comes from, if there is more.
    rest: Option<tonic::body::Body>,
    /// Whether its end is not handed on before all else is sent. As long as it is not,
    /// the answer can be cut off by itself. Short answers are handed on at once.
    is_long: bool,
    /// What a stream takes as long as it lasts.
    stream: Option<Charge>,
    /// Whoever reads it is doing something.
    _calling: Calling,
}

impl Answer {
    /// A response to this visitor, of which all that is ready is held. A stream takes
    /// something beside that, as long as it lasts.
    pub async fn hold(
        response: Response<tonic::body::Body>,
        visitor: &Arc<Visitor>,
        budget: &Arc<Budget>,
        stream: Option<Charge>,
    ) -> Result<Response<Self>> {
        let (parts, body) = response.into_parts();
        let owner = parts.extensions.get::<Owner>();
        let mut answer = Self {
            owner: owner.copied().unwrap_or_else(|| visitor.owner()),
            rest: Some(body),
            stream,
            ..Self::empty(visitor, budget)
        };
        match answer.ready().await?.map(Frame::into_data) {
            Some(Ok(data)) => {
                answer.take(data)?;
                answer.next = answer.ready().await?;
            }
            // A stream may end before it has answered anything.
            Some(Err(trailers)) => answer.next = Some(trailers),
            None => {}
        }
        answer.is_long = answer.rest.is_some() || answer.data.len() > PIECE;
        Ok(Response::from_parts(parts, answer))
    }

    /// A response without a body.
    pub fn none(
        response: Response<()>,
        visitor: &Arc<Visitor>,
        budget: &Arc<Budget>,
    ) -> Response<Self> {
        response.map(|()| Self::empty(visitor, budget))
    }

    fn empty(visitor: &Arc<Visitor>, budget: &Arc<Budget>) -> Self {
        Self {
            visitor: Arc::clone(visitor),
            owner: visitor.owner(),
            budget: Arc::clone(budget),
            data: Bytes::new(),
            unsent: None,
            next: None,
            rest: None,
            is_long: false,
            stream: None,
            _calling: visitor.calls(),
        }
    }

    /// What comes next, if it is ready.
    async fn ready(&mut self) -> Result<Option<Frame<Bytes>>> {
        let next = std::future::poll_fn(|cx| self.poll_rest(cx));
        match poll!(next) {
            Poll::Pending => Ok(None),
            Poll::Ready(frame) => frame.transpose().map_err(Error::internal),
        }
    }

    /// What comes next. Once that is the end, nothing is kept of where it came from:
    /// the messages, and what they were compressed in.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(Ok(next)));
        }
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if !matches!(&frame, Some(Ok(frame)) if frame.is_data()) {
            self.rest = None;
        }
        Poll::Ready(frame)
    }

    /// Holds what was encoded. Long answers leave a quarter of the room to short ones,
    /// as those of writes are.
    fn take(&mut self, data: Bytes) -> Result<()> {
        let is_tiny = data.len() <= TINY;
        let room = if is_tiny {
            data.len() + HANDLE
        } else {
            data.len().max(BUFFER).next_power_of_two()
        };
        let left = match self.stream {
            Some(_) => LEFT,
            None if data.len() > PIECE => 4,
            None => 0,
        };
        let charge = self.budget.charge(self.owner, room, left);
        self.unsent = Some(Arc::new(Unsent {
            _charge: charge.map_err(|_| Error::AnswersWaiting)?,
            pieces: AtomicUsize::new(0),
            waker: AtomicWaker::new(),
        }));
        self.data = if is_tiny {
            Bytes::copy_from_slice(&data)
        } else {
            data
        };
        Ok(())
    }

    fn piece(&mut self) -> Piece {
        let unsent = self.unsent.clone();
        if let Some(unsent) = &unsent {
            unsent.pieces.fetch_add(1, Ordering::Relaxed);
        }
        Piece {
            bytes: self.data.split_to(self.data.len().min(PIECE)),
            unsent,
            _sending: (!self.is_long).then(|| self.visitor.sending()),
        }
    }

    /// Waits until all that was handed on is sent.
    fn poll_sent(&mut self, cx: &Context<'_>) -> Poll<()> {
        if let Some(unsent) = self.unsent.as_ref().filter(|_| self.is_long) {
            unsent.waker.register(cx.waker());
            if unsent.pieces.load(Ordering::Acquire) > 0 {
                return Poll::Pending;
            }
        }
        self.unsent = None;
        Poll::Ready(())
    }
}

impl Body for Answer {
    type Data = Piece;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Status>>> {
        loop {
            if !self.data.is_empty() {
                stalls::reader_has_room();
                return Poll::Ready(Some(Ok(Frame::data(self.piece()))));
            }
            ready!(self.poll_sent(cx));
            let Poll::Ready(frame) = self.poll_rest(cx) else {
                // It is not the reader who is waited for.
                stalls::nothing_to_read();
                return Poll::Pending;
            };
            let Some(frame) = frame.transpose()? else {
                return Poll::Ready(None);
            };
            let data = match frame.into_data() {
                Ok(data) => data,
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
            };
            if let Err(error) = self.take(data) {
                self.rest = None;
                return Poll::Ready(Some(Ok(Frame::trailers(trailers(&error)))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.next.is_none() && self.rest.is_none()
    }
}

/// What ends a stream with an error.
fn trailers(error: &Error) -> HeaderMap {
    let status: Status = error.into();
    let (parts, ()) = status.into_http::<()>().into_parts();
    parts.headers
}
