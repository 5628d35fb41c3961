//! Does batches so that a job that cannot be done fails alone, never its neighbours.

use std::collections::HashSet;

use tokio::time::Instant;

use super::job::{Job, all_answers};
use crate::{
    error::{Error, Result},
    ids::OrganizationId,
};

/// How many may wait for a lock in vain, one after the other, in one batch.
const MAX_WAITED_IN_VAIN: i32 = 2;

/// Does jobs; one answer each, in their order.
pub async fn execute<J: Job>(
    env: &J::Env,
    organization_id: OrganizationId,
    deadline: Instant,
    jobs: &[J],
) -> Vec<Result<J::Answer>> {
    let mut answers: Vec<_> = jobs.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..jobs.len()).collect();
    while !waiting.is_empty() {
        // Those with the same key go one after the other.
        let mut keys = HashSet::new();
        let (batch, twins): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|&index| jobs[index].key().is_none_or(|key| keys.insert(key)));
        waiting = twins;
        let members: Vec<_> = batch.iter().map(|&index| &jobs[index]).collect();
        let done = bisect(env, organization_id, deadline, &members).await;
        for (index, answer) in batch.into_iter().zip(done) {
            answers[index] = Some(answer);
        }
    }
    all_answers(answers)
}

/// Does a batch; on failure splits it in halves, down to single jobs, so that only those
/// fail that cannot be done. When the database is gone nobody can, and what a commit did may
/// be unknown; when several in a row wait for a lock in vain, the others are not kept
/// waiting.
async fn bisect<J: Job>(
    env: &J::Env,
    organization_id: OrganizationId,
    deadline: Instant,
    batch: &[&J],
) -> Vec<Result<J::Answer>> {
    let mut answers = Vec::with_capacity(batch.len());
    let mut waited_in_vain = 0;
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        let error = match J::execute(env, organization_id, deadline, part).await {
            Ok(done) => {
                answers.extend(done);
                waited_in_vain = 0;
                continue;
            }
            Err(error) => error,
        };
        let hopeless = matches!(error, Error::Unavailable(_) | Error::Overloaded { .. });
        if part.len() > 1 && !hopeless && waited_in_vain < MAX_WAITED_IN_VAIN {
            tracing::warn!(
                cause = error.chain(),
                size = part.len(),
                "batch failed, bisecting"
            );
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([second, first]);
            continue;
        }
        waited_in_vain += i32::from(matches!(error, Error::Busy));
        answers.extend(part.iter().map(|_| Err(error.clone())));
    }
    answers
}
