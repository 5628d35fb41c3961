//! What is received of a request, piece by piece.

use hyper::body::Bytes;

use crate::error::{Error, Result};

/// Bytes of a message at most: a batch of a thousand contacts is far below.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Bytes before each message: whether it is compressed, and its length.
pub const HEAD: usize = 5;

/// What was received of a request.
#[derive(Default)]
pub struct Received {
    /// All of it, as long as it is one piece and nothing is waited for.
    pub first: Bytes,
    /// Else all of it. A piece would keep more than itself in memory.
    pub rest: Vec<u8>,
}

impl Received {
    fn bytes(&self) -> &[u8] {
        if self.first.is_empty() {
            &self.rest
        } else {
            &self.first
        }
    }

    /// Whether that is nothing.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// The length of the message, as far as it is known. There is one only.
    pub fn announced(&self) -> Result<usize> {
        let bytes = self.bytes();
        let length = announced(bytes);
        if length > MAX_MESSAGE {
            return Err(Error::MessageTooLarge);
        }
        if bytes.len() > HEAD + length {
            return Err(Error::Malformed);
        }
        Ok(length)
    }

    /// The room that is needed for this, and for so many bytes more.
    pub fn room(&self, more: usize) -> usize {
        let needed = self.bytes().len() + more;
        if needed <= self.rest.capacity() {
            return self.rest.capacity();
        }
        // What is announced is no reason to keep room for it.
        let all = HEAD + announced(self.bytes());
        needed.max((2 * needed).min(all))
    }

    /// Keeps it in one place, where there is room for so many bytes more.
    pub fn own(&mut self, more: usize) {
        let room = self.room(more);
        self.rest.reserve_exact(room - self.rest.len());
        self.rest
            .extend_from_slice(&std::mem::take(&mut self.first));
    }

    /// All of it.
    pub fn into_bytes(self) -> Bytes {
        if self.first.is_empty() {
            self.rest.into()
        } else {
            self.first
        }
    }
}

/// The length of the message that begins so; none, as long as it is not said.
pub fn announced(bytes: &[u8]) -> usize {
    let length = bytes.first_chunk::<HEAD>();
    let length = length.map_or(0, |&[_, a, b, c, d]| u32::from_be_bytes([a, b, c, d]));
    usize::try_from(length).unwrap_or(usize::MAX)
}
