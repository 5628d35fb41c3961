//! Does groups so that a job that cannot be done fails alone, never its
//! neighbours.

use std::collections::HashSet;

use super::{Job, all};
use crate::{
    call::Context,
    error::{Error, Result},
};

/// How many may wait for a lock in vain, one after the other, in one group.
const MAX_WAITED_IN_VAIN: i32 = 2;

/// Does jobs; one answer each, in their order.
pub async fn run<J: Job>(context: &Context, jobs: &[J]) -> Vec<Result<J::Answer>> {
    let mut answers: Vec<_> = jobs.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..jobs.len()).collect();
    while !waiting.is_empty() {
        // Twins go one after the other: the second reads the first's answer. So do others
        // who use the same id: only one of them can have the row that it finds.
        let mut claimed = HashSet::new();
        let (group, twins): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|&index| {
            let claim = jobs[index].claim();
            claim.is_none_or(|claim| claimed.insert(claim.key()))
        });
        waiting = twins;
        let members: Vec<_> = group.iter().map(|&index| &jobs[index]).collect();
        for (index, answer) in group.into_iter().zip(run_group(context, &members).await) {
            answers[index] = Some(answer);
        }
    }
    all(answers)
}

/// Does a group; if that fails, its halves, down to single jobs, so that only
/// those fail that cannot be done. When the database is gone nobody can, and
/// what a commit did may be unknown; when several in a row wait for a lock in
/// vain, the others are not kept waiting.
async fn run_group<J: Job>(context: &Context, group: &[&J]) -> Vec<Result<J::Answer>> {
    let mut answers = Vec::with_capacity(group.len());
    let mut waited_in_vain = 0;
    let mut parts = vec![group];
    while let Some(part) = parts.pop() {
        let error = match J::transact(context, part).await {
            Ok(done) => {
                answers.extend(done);
                waited_in_vain = 0;
                continue;
            }
            Err(error) => error,
        };
        let hopeless = matches!(error, Error::Unavailable(_) | Error::Overloaded { .. });
        if part.len() > 1 && !hopeless && waited_in_vain < MAX_WAITED_IN_VAIN {
            tracing::warn!(cause = error.chain(), size = part.len(), "a group is split");
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([second, first]);
            continue;
        }
        waited_in_vain += i32::from(matches!(error, Error::Busy));
        answers.extend(part.iter().map(|_| Err(error.clone())));
    }
    answers
}
