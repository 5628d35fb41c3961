//! Panics: counted, and logged without their messages, which may hold whatever
//! was being worked on: that of a slice of a text holds the text.

use std::{
    panic::{self, PanicHookInfo},
    thread,
};

use super::metrics;

/// Says nothing of a panic but where it was.
pub fn keep_quiet() {
    panic::set_hook(Box::new(note));
}

fn note(panic: &PanicHookInfo<'_>) {
    metrics::panicked();
    let location = panic.location().map(tracing::field::display);
    tracing::error!(location, thread = thread::current().name(), "a panic");
}
