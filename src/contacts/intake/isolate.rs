//! Takes groups of contacts in so that one that cannot be served fails alone,
//! never its neighbours.

use std::collections::HashSet;

use super::{Answer, NewContact, all, group::take_in};
use crate::{
    context::Context,
    error::{Error, Result},
};

/// How many may wait for a lock in vain, one after the other, in one group.
const MAX_WAITED_IN_VAIN: i32 = 2;

/// Takes in contacts; one answer each, in their order.
pub async fn create_contacts(context: &Context, contacts: Vec<NewContact>) -> Vec<Answer> {
    let mut answers: Vec<Option<Answer>> = contacts.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..contacts.len()).collect();
    while !waiting.is_empty() {
        // Twins go one after the other: the second reads the first's answer.
        let mut claimed = HashSet::new();
        let (group, twins): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|&index| {
            let claim = contacts[index].claim.as_ref();
            claim.is_none_or(|claim| claimed.insert((claim.method, claim.request_id)))
        });
        waiting = twins;
        let members: Vec<_> = group.iter().map(|&index| &contacts[index]).collect();
        for (index, answer) in group.into_iter().zip(create_group(context, &members).await) {
            answers[index] = Some(answer);
        }
    }
    all(answers)
}

/// Takes in a group; if that fails, its halves, down to single contacts, so
/// that only those fail that cannot be served. When the database is gone nobody
/// can, and what a commit did may be unknown; when several in a row wait for a
/// lock in vain, the others are not kept waiting.
async fn create_group(context: &Context, group: &[&NewContact]) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(group.len());
    let mut waited_in_vain = 0;
    let mut parts = vec![group];
    while let Some(part) = parts.pop() {
        let error = match transact(context, part).await {
            Ok(taken_in) => {
                answers.extend(taken_in);
                waited_in_vain = 0;
                continue;
            }
            Err(error) => error,
        };
        let hopeless = matches!(error, Error::Unavailable(_) | Error::Overloaded);
        if part.len() > 1 && !hopeless && waited_in_vain < MAX_WAITED_IN_VAIN {
            tracing::warn!(
                cause = error.chain(),
                size = part.len(),
                "a group of contacts is split"
            );
            let (first, second) = part.split_at(part.len() / 2);
            parts.extend([second, first]);
            continue;
        }
        waited_in_vain += i32::from(matches!(error, Error::Busy));
        answers.extend(vec![Err(error); part.len()]);
    }
    answers
}

async fn transact(context: &Context, group: &[&NewContact]) -> Result<Vec<Answer>> {
    let organization_id = context.organization_id;
    context
        .intake_db()
        .transaction(async |conn| take_in(conn, organization_id, group).await)
        .await
}
