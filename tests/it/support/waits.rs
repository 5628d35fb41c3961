//! Waits for what a test expects, all of which end: what does not come fails the test, which
//! would hang otherwise and say nothing.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// What takes this long hangs. No test depends on how long anything takes.
pub const HANGS: Duration = Duration::from_mins(3);
/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// What comes of this; `what` it is, for the message if nothing does.
pub async fn within<T>(what: &str, expected: impl Future<Output = T>) -> T {
    let come = timeout(HANGS, expected).await;
    come.unwrap_or_else(|_| panic!("not within {HANGS:?}: {what}"))
}

/// Looks again and again until this holds; `what` that means, for the message if it never does.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !holds().await {
            sleep(PAUSE).await;
        }
    })
    .await;
}
