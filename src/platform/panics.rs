//! What becomes of a panic: an error like others, which says where it happened.
//! Its message is not kept: it may hold what a request held.

use std::{cell::Cell, fmt::Write as _, panic, panic::AssertUnwindSafe};

use futures_util::FutureExt;

use crate::{
    error::{Error, Result},
    platform::telemetry::metrics,
};

thread_local! {
    /// Where the last panic of this thread was.
    static LAST_PANIC: Cell<Option<String>> = const { Cell::new(None) };
}

/// Counts panics, and says of them where they happened, and no more than that.
pub fn install() {
    panic::set_hook(Box::new(|info| {
        metrics::panicked();
        let mut location = String::new();
        if let Some(found) = info.location() {
            let _ = write!(location, "{found}");
        }
        tracing::error!(location, "panic");
        LAST_PANIC.set(Some(location));
    }));
}

/// What the future gives; an internal error if it panics.
pub async fn caught<F: Future>(future: F) -> Result<F::Output> {
    let outcome = AssertUnwindSafe(future).catch_unwind().await;
    outcome.map_err(|_| {
        // Caught in the thread it happened in.
        let location = LAST_PANIC.take().unwrap_or_default();
        Error::internal(format!("panic at {location}"))
    })
}
