//! Reads requests before the gRPC layer sees them. That would decompress and keep what
//! it is sent until it is sent all of it, before anything knows of the call; here a
//! request is held in memory that is counted, has a size that depends on who sends it,
//! and has little time.

use std::{pin::Pin, sync::Arc, task::Poll};

use futures_util::{future::BoxFuture, poll};
use hyper::body::{Body as _, Bytes, Frame, Incoming};
use tokio::time::{Instant, timeout_at};
use tonic::{
    body::Body,
    codegen::http::{Extensions, HeaderMap, Request},
};

use super::{
    Deadline, Edge,
    budget::{Budget, Charge, Owner},
    decompress::{ENCODING, Encoding},
    methods::Method,
    received::{HEAD, MAX_MESSAGE, Received, announced},
    whole::Whole,
};
use crate::error::{Error, Result};

/// The same for what it takes when it is decoded.
const MAX_DECODED: usize = 3 * MAX_MESSAGE;
/// Bytes of a message of somebody whom nobody knows.
const SMALL: usize = 16 * 1024;
/// The same for what it takes when it is decoded.
const SMALL_DECODED: usize = 8 * SMALL;
/// The part of the memory, one of so many, that requests which are not whole yet leave
/// to those that are.
const UNFINISHED: usize = 4;
/// What a call takes that waits for the rest of its request, beside that.
const CALL: usize = 8 * 1024;
/// The same for each of its headers.
const HEADER: usize = 128;

/// Knows who calls.
pub trait Callers: Send + Sync {
    /// Refuses calls that do not prove who makes them, and says for whom they are.
    fn check<'c>(
        &'c self,
        headers: &'c HeaderMap,
        deadline: Deadline,
    ) -> BoxFuture<'c, Result<Owner>>;
}

/// Memory that a request takes until all its clones are dropped.
#[derive(Clone)]
pub struct RequestMemory {
    _charge: Arc<Charge>,
}

impl RequestMemory {
    /// That of the request with these extensions.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().cloned()
    }
}

/// Memory that a request takes until it is decoded.
#[derive(Clone)]
struct Encoded {
    _charge: Arc<Charge>,
}

/// What a request is read by.
#[derive(Clone, Copy)]
pub struct Reader<'r> {
    /// Whose limits hold.
    pub edge: &'r Edge,
    /// Who knows who calls.
    pub callers: &'r dyn Callers,
    /// When the call ends.
    pub deadline: Deadline,
    /// Whose it is, as long as nobody knows more.
    pub owner: Owner,
}

impl Reader<'_> {
    /// The request of a call of the method, all of it there and not compressed.
    pub async fn read(self, method: &Method, request: Request<Incoming>) -> Result<Request<Body>> {
        let memory = &self.edge.requests.strangers;
        let (mut parts, body) = request.into_parts();
        let encoding = Encoding::of(&parts.headers)?;
        let mut reading = self.reading(Some(method), memory, &parts.headers);
        let received = reading.receive(body).await?;
        let (message, memory) = reading.decode(method, encoding, received).await?;
        let mut charge = reading.charge;
        charge.shrink_to(message.len() + memory);
        parts.headers.remove(ENCODING);
        parts.extensions.insert(RequestMemory {
            _charge: Arc::new(charge.split(memory)),
        });
        parts.extensions.insert(Encoded {
            _charge: Arc::new(charge),
        });
        Ok(Request::from_parts(parts, Body::new(Whole::new(message))))
    }

    /// A small request of a method that is not of the contract. What is there at once is
    /// not counted: probes work when all else is full.
    pub async fn read_small(
        self,
        memory: &Arc<Budget>,
        request: Request<Incoming>,
    ) -> Result<Request<Body>> {
        let (parts, body) = request.into_parts();
        let mut reading = self.reading(None, memory, &parts.headers);
        let received = reading.receive(body).await?;
        Ok(Request::from_parts(parts, Body::new(Whole::new(received))))
    }

    fn reading<'r>(
        self,
        method: Option<&Method>,
        memory: &Arc<Budget>,
        headers: &'r HeaderMap,
    ) -> Reading<'r>
    where
        Self: 'r,
    {
        Reading {
            reader: self,
            headers,
            // Who need not say who they are cannot prove it either.
            may_be_known: method.is_some_and(|method| !method.is_open),
            known: false,
            charge: memory.empty(self.owner),
        }
    }
}

/// A request that is being read.
struct Reading<'r> {
    reader: Reader<'r>,
    headers: &'r HeaderMap,
    may_be_known: bool,
    known: bool,
    charge: Charge,
}

impl Reading<'_> {
    /// All that is sent.
    async fn receive(&mut self, body: Incoming) -> Result<Bytes> {
        let Deadline(deadline) = self.reader.deadline;
        let soon = Instant::now() + self.reader.edge.settings.body_timeout;
        let received = timeout_at(deadline.min(soon), self.receive_all(body)).await;
        received.unwrap_or(Err(Error::DeadlineExceeded))
    }

    async fn receive_all(&mut self, mut body: Incoming) -> Result<Bytes> {
        let mut received = Received::default();
        let mut memory = 0;
        loop {
            let frame = match poll!(next(&mut body)) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    if memory == 0 {
                        memory = CALL + size(self.headers);
                    }
                    self.hold(0, memory + received.room(0), UNFINISHED).await?;
                    received.own(0);
                    next(&mut body).await
                }
            };
            let Some(frame) = frame else {
                return Ok(received.into_bytes());
            };
            // Trailers say nothing.
            let Ok(data) = frame.map_err(|_| Error::Malformed)?.into_data() else {
                continue;
            };
            if received.is_empty() {
                received.first = data;
                self.hold(received.announced()?, 0, UNFINISHED).await?;
            } else if !data.is_empty() {
                let room = memory + received.room(data.len());
                self.hold(received.announced()?, room, UNFINISHED).await?;
                received.own(data.len());
                received.rest.extend_from_slice(&data);
                self.hold(received.announced()?, 0, UNFINISHED).await?;
            }
        }
    }

    /// Holds so much memory for a message of so many bytes, if the caller may have that,
    /// and a part of all, one of so many, is left to others.
    async fn hold(&mut self, message: usize, memory: usize, left: usize) -> Result<()> {
        let is_small = message <= SMALL && memory <= SMALL_DECODED;
        if self.known || is_small {
            match self.charge.grow_to(memory, left) {
                Err(_) if self.may_be_known && !self.known => {}
                held => return held,
            }
        } else if !self.may_be_known {
            return Err(Error::MessageTooLarge);
        }
        let Reader {
            edge,
            callers,
            deadline,
            ..
        } = self.reader;
        let _in_flight = edge.admit()?;
        let owner = callers.check(self.headers, deadline).await?;
        self.known = true;
        self.charge = edge.requests.known.charge(owner, memory, left)?;
        Ok(())
    }

    /// The message, with its head, and what it takes when it is decoded.
    async fn decode(
        &mut self,
        method: &Method,
        encoding: Option<Encoding>,
        received: Bytes,
    ) -> Result<(Bytes, usize)> {
        let Some((&[flag, ..], message)) = received.split_first_chunk::<HEAD>() else {
            // Nothing at all is told from something that is cut off by the gRPC layer.
            return Ok((received, 0));
        };
        if message.len() < announced(&received) {
            return Err(Error::Malformed);
        }
        let whole = match (flag, encoding) {
            (0, _) => received,
            (1, Some(encoding)) => {
                let whole = self.decompress(encoding, message).await?;
                drop(received);
                whole
            }
            _ => return Err(Error::Malformed),
        };
        let message = &whole[HEAD..];
        let weight = self
            .reader
            .edge
            .methods
            .weigh(method, message, MAX_DECODED)
            .max(message.len());
        if weight > MAX_DECODED {
            return Err(Error::MessageTooLarge);
        }
        // Both are there while it is decoded.
        self.hold(message.len(), message.len() + weight, 0).await?;
        Ok((whole, weight))
    }

    async fn decompress(&mut self, encoding: Encoding, message: &[u8]) -> Result<Bytes> {
        loop {
            let (known, charge) = (self.known, &mut self.charge);
            let limit = if known { MAX_MESSAGE } else { SMALL };
            let mut whole = vec![0; HEAD];
            let hold = |bytes| charge.grow_to(message.len() + bytes, 0);
            match encoding.decompress(message, &mut whole, HEAD + limit, hold) {
                Err(Error::MessageTooLarge) if !known => {
                    self.hold(SMALL + 1, message.len(), 0).await?;
                }
                Err(Error::Overloaded { .. }) if !known && self.may_be_known => {
                    self.hold(SMALL + 1, message.len(), 0).await?;
                }
                decompressed => {
                    decompressed?;
                    let length = u32::try_from(whole.len() - HEAD).unwrap_or(u32::MAX);
                    whole[1..HEAD].copy_from_slice(&length.to_be_bytes());
                    return Ok(whole.into());
                }
            }
        }
    }
}

/// What headers take.
fn size(headers: &HeaderMap) -> usize {
    let each = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + HEADER);
    each.sum()
}

fn next(body: &mut Incoming) -> impl Future<Output = Option<hyper::Result<Frame<Bytes>>>> + Unpin {
    std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx))
}
