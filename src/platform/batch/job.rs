//! What can be done in batches.

use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    ids::OrganizationId,
};

/// Most jobs in a batch: one transaction.
pub const MAX_BATCH: usize = 256;

/// Something to be done in batches.
pub trait Job: Send + Sync + Sized + 'static {
    /// What jobs are done with: a database, caches.
    type Env: Send + Sync + 'static;

    /// What the submitter is answered.
    type Answer: Send + 'static;

    /// What the metrics call its queue.
    const QUEUE: &'static str;

    /// Jobs with the same key are never in one batch: the second is to see what the first
    /// has done.
    fn key(&self) -> Option<(&'static str, Uuid)> {
        None
    }

    /// Does a batch in one transaction; one answer each, in their order. An error means that
    /// nothing was done. At `deadline` nobody waits for it any more.
    fn execute(
        env: &Self::Env,
        organization_id: OrganizationId,
        deadline: Instant,
        jobs: &[&Self],
    ) -> impl Future<Output = Result<Vec<Result<Self::Answer>>>> + Send;
}

/// The answers, none of which should be missing.
pub fn all_answers<T>(answers: Vec<Option<Result<T>>>) -> Vec<Result<T>> {
    let missing = || Err(Error::internal("no answer"));
    let answers = answers.into_iter();
    answers
        .map(|answer| answer.unwrap_or_else(missing))
        .collect()
}
