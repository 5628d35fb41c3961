//! Decompresses requests, never to more than they may have, and never with more memory
//! than that takes.

use std::io::Read;

use flate2::bufread::GzDecoder;
use tonic::codegen::http::{HeaderMap, HeaderValue};
use zstd::stream::read::Decoder;

use crate::error::{Error, Result};

/// The header that says how messages are compressed.
pub const ENCODING: &str = "grpc-encoding";
/// What is understood in it.
pub const ENCODINGS: &str = "zstd,gzip,identity";
/// How far back zstd may look, as a power of two: as far as it does for messages of
/// the longest size, unless told to make them as small as can be.
const MAX_WINDOW_LOG: u32 = 23;
/// Bytes that are decompressed at first.
const STEP: usize = 4096;

/// How messages are compressed.
#[derive(Clone, Copy)]
pub enum Encoding {
    /// As `gzip` does.
    Gzip,
    /// As `zstd` does.
    Zstd,
}

impl Encoding {
    /// That of the request with these headers, if it has one.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>> {
        match headers.get(ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Ok(None),
            Some(b"gzip") => Ok(Some(Self::Gzip)),
            Some(b"zstd") => Ok(Some(Self::Zstd)),
            Some(_) => Err(Error::Unimplemented),
        }
    }

    /// Adds what these bytes are, decompressed, to `message`, which may then have `limit`
    /// bytes. Asks `hold` before it has as many as that.
    pub fn decompress(
        self,
        bytes: &[u8],
        message: &mut Vec<u8>,
        limit: usize,
        hold: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Gzip => read(GzDecoder::new(bytes), message, limit, hold),
            Self::Zstd => {
                let decoder = Decoder::with_buffer(bytes).and_then(|mut decoder| {
                    decoder.window_log_max(MAX_WINDOW_LOG)?;
                    Ok(decoder)
                });
                read(decoder.map_err(Error::internal)?, message, limit, hold)
            }
        }
    }
}

fn read(
    mut decoder: impl Read,
    message: &mut Vec<u8>,
    limit: usize,
    mut hold: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    while message.len() <= limit {
        let more = message.len().max(STEP).min(limit + 1 - message.len());
        hold(message.len() + more)?;
        let mut part = decoder
            .by_ref()
            .take(u64::try_from(more).unwrap_or(u64::MAX));
        let read = part.read_to_end(message).map_err(|_| Error::Malformed)?;
        if read < more {
            return Ok(());
        }
    }
    Err(Error::MessageTooLarge)
}
