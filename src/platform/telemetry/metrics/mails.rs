//! Counts mails.

use std::sync::LazyLock;

use prometheus::IntCounterVec;

use super::register::counters;

static MAILS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    counters(
        "minicrm_mails_total",
        "Mails that were asked for, by what became of them.",
        &["outcome"],
        &["done", "failed"],
    )
});

/// There are mails to count, even before the first.
pub fn register() {
    LazyLock::force(&MAILS);
}

/// Counts a mail that was done with: sent, or not needed.
pub fn mailed(done: bool) {
    let outcome = if done { "done" } else { "failed" };
    MAILS.with_label_values(&[outcome]).inc();
}
