//! The first that a connection says: whether it speaks HTTP/2. Who speaks HTTP/1.1 is
//! told what is spoken here.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};

/// What every client of HTTP/2 sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What clients of HTTP/1.1 are told.
const ANSWER: &str = "HTTP/1.1 505 HTTP Version Not Supported\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 63\r\n\
    connection: close\r\n\
    \r\n\
    This is minicrm. It speaks gRPC here, over HTTP/2: try grpcurl\n";
/// How long they have to hear it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes of a request that are not looked at. If they were left unread, the answer
/// might not be read.
const MAX_UNREAD: u64 = 64 * 1024;

/// Reads the preface of HTTP/2, or says that something else was said.
pub async fn read_preface<I: AsyncRead + AsyncWrite + Unpin>(mut io: I) -> io::Result<Rewind<I>> {
    let mut said = [0; PREFACE.len()];
    let mut length = 0;
    while length < said.len() {
        length += match io.read(&mut said[length..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        if said[..length] != PREFACE[..length] {
            if is_http1(&said[..length]) {
                let _ = timeout(ANSWER_TIMEOUT, answer(&mut io)).await;
            }
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(Rewind {
        io,
        unread: PREFACE,
    })
}

/// Whether it begins like a request of HTTP/1: with a method.
fn is_http1(said: &[u8]) -> bool {
    let mut method = said.split(|&byte| byte == b' ');
    let method = method.next().unwrap_or_default();
    !method.is_empty() && method.iter().all(u8::is_ascii_uppercase)
}

async fn answer(io: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    io.write_all(ANSWER.as_bytes()).await?;
    io.shutdown().await?;
    tokio::io::copy(&mut io.take(MAX_UNREAD), &mut tokio::io::sink()).await?;
    Ok(())
}

/// A connection whose preface was read, and is read once more from its beginning.
pub struct Rewind<I> {
    io: I,
    unread: &'static [u8],
}

impl<I: AsyncRead + Unpin> AsyncRead for Rewind<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buffer);
        }
        let (now, later) = self
            .unread
            .split_at(self.unread.len().min(buffer.remaining()));
        buffer.put_slice(now);
        self.unread = later;
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Rewind<I> {
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

#[cfg(test)]
mod tests {
    use super::ANSWER;

    #[test]
    fn the_answer_has_the_length_it_says() {
        let (head, text) = ANSWER.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", text.len())));
    }
}
