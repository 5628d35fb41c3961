//! A connection that knows whether it has heard enough to be one of HTTP/2.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The length of what every client of HTTP/2 sends first.
const PREFACE: usize = 24;

/// How many bytes were read.
#[derive(Clone, Default)]
pub struct Heard(Arc<AtomicUsize>);

impl Heard {
    /// Whether the other side has begun to speak HTTP/2.
    pub fn enough(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= PREFACE
    }
}

/// Counts what is read from `io` until it is enough.
pub struct Listening<I> {
    io: I,
    heard: Heard,
    read: usize,
}

impl<I> Listening<I> {
    /// Reads and writes `io`.
    pub fn new(io: I, heard: Heard) -> Self {
        Self { io, heard, read: 0 }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Listening<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if self.read < PREFACE {
            self.read += buffer.filled().len() - before;
            self.heard.0.store(self.read, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Listening<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }
}
