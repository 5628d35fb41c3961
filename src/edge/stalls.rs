//! Ends the streams of those who do not read what they are sent. Nobody else would
//! notice: HTTP/2 waits for its readers for ever, and asks for no more meanwhile.

use std::{cell::Cell, pin::pin, task::Poll, time::Duration};

use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};

tokio::task_local! {
    /// Since when the reader of this task's stream is waited for, if it is.
    static WAITING: Cell<Option<Instant>>;
}

/// There is more to read, and room for it.
pub fn reader_has_room() {
    set(Some(Instant::now()));
}

/// There is nothing more to read at present.
pub fn nothing_to_read() {
    set(None);
}

fn set(since: Option<Instant>) {
    // Elsewhere nobody waits.
    let _ = WAITING.try_with(|waiting| waiting.set(since));
}

/// Runs the streams of a connection, each in a task of its own.
#[derive(Clone, Copy)]
pub struct Streams {
    /// How long a reader is waited for.
    pub patience: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let patience = self.patience;
        tokio::spawn(WAITING.scope(Cell::new(None), unless_stalled(stream, patience)));
    }
}

/// Runs a stream. One that is dropped before its end is reset.
async fn unless_stalled(stream: impl Future, patience: Duration) {
    let mut stream = pin!(stream);
    let mut limit = pin!(sleep_until(Instant::now()));
    std::future::poll_fn(|cx| {
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(since) = WAITING.with(Cell::get) else {
            return Poll::Pending;
        };
        let end = since + patience;
        if limit.deadline() != end {
            limit.as_mut().reset(end);
        }
        limit.as_mut().poll(cx).map(|()| {
            tracing::debug!("nobody reads an answer");
        })
    })
    .await;
}
