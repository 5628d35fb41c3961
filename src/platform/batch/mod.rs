//! Grouped commit: jobs of an organization that arrive while others are being
//! done become a group, and a group is done in one transaction. Everybody who
//! needs the same rows would otherwise wait for them one commit after the other.
//!
//! No timer and no waiting when idle: a lone job is a group of one. A job that
//! cannot be done fails alone, never its neighbours.

mod isolate;
mod queue;

pub use queue::{Queues, run};

use crate::{
    call::Context,
    error::{Error, Result},
    platform::idempotency::Owned,
};

/// Most jobs in a group: one transaction.
pub const MAX_GROUP: usize = 256;

/// Something to be done in groups.
pub trait Job: Send + Sync + Sized + 'static {
    /// What it is answered.
    type Answer: Send + 'static;

    /// What the metrics call its queue.
    const QUEUE: &'static str;

    /// Where jobs of this kind wait.
    fn queues(context: &Context) -> &Queues<Self>;

    /// What its request claims to be, if it may be repeated.
    fn claim(&self) -> Option<&Owned>;

    /// Does a group in one transaction; one answer each, in their order. No two
    /// have claims with the same key. An error means that nothing was done.
    fn transact(
        context: &Context,
        group: &[&Self],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer>>>> + Send;
}

/// Does a job, together with others.
pub async fn run_one<J: Job>(context: &Context, job: J) -> Result<J::Answer> {
    let mut answers = run(context, vec![job]).await?;
    let missing = || Err(Error::internal("no answer"));
    answers.pop().unwrap_or_else(missing)
}

/// The answers, none of which is missing.
pub fn all<T>(answers: Vec<Option<Result<T>>>) -> Vec<Result<T>> {
    let missing = || Err(Error::internal("no answer"));
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.unwrap_or_else(missing))
        .collect()
}
