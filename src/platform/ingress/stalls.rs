//! Ends the streams of those who do not read what they are sent. Nobody else would
//! notice: HTTP/2 waits for its readers for ever, and asks for no more meanwhile.

use std::{cell::Cell, pin::pin, task::Poll, time::Duration};

use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};

/// The reader of a stream.
#[derive(Clone, Copy)]
struct Reader {
    /// Since when there is something to read for them.
    began: Instant,
    /// Since when they are waited for.
    waiting: Instant,
}

tokio::task_local! {
    /// The one of this task's stream, as long as there is something to read.
    static READER: Cell<Option<Reader>>;
}

/// There is more to read, and room for it.
pub fn reader_has_room() {
    let waiting = Instant::now();
    // Elsewhere nobody waits.
    let _ = READER.try_with(|reader| {
        let began = reader.get().map_or(waiting, |reader| reader.began);
        reader.set(Some(Reader { began, waiting }));
    });
}

/// There is nothing more to read at present.
pub fn nothing_to_read() {
    let _ = READER.try_with(|reader| reader.set(None));
}

/// Runs the streams of a connection, each in a task of its own.
#[derive(Clone, Copy)]
pub struct Streams {
    /// How long a reader is waited for.
    pub patience: Duration,
    /// How long they may take for all there is.
    pub total: Duration,
}

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        #[expect(clippy::disallowed_methods, reason = "one stream of a connection")]
        tokio::spawn(READER.scope(Cell::new(None), unless_stalled(stream, *self)));
    }
}

/// Runs a stream. One that is dropped before its end is reset.
async fn unless_stalled(stream: impl Future, limits: Streams) {
    let mut stream = pin!(stream);
    let mut limit = pin!(sleep_until(Instant::now()));
    std::future::poll_fn(|cx| {
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let Some(reader) = READER.with(Cell::get) else {
            return Poll::Pending;
        };
        let end = (reader.waiting + limits.patience).min(reader.began + limits.total);
        if limit.deadline() != end {
            limit.as_mut().reset(end);
        }
        limit.as_mut().poll(cx).map(|()| {
            tracing::debug!("answer stalled");
        })
    })
    .await;
}
