//! Group commit: jobs of an organization that arrive while others are being done become a
//! batch, and a batch is done in one transaction. Everybody who needs the same rows would
//! otherwise wait for them one commit after the other.
//!
//! No timer and no waiting when idle: a lone job is a batch of one. A job that cannot be
//! done fails alone, never its neighbours ([`bisect`]).

mod bisect;
mod job;
mod queue;

pub use job::{Job, MAX_BATCH, all_answers};
pub use queue::Batcher;
