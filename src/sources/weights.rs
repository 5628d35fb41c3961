//! Weights: who takes a source's contacts.

use uuid::Uuid;

use super::store::weights::{self, OperatorWeight};
use crate::{
    error::{Error, Reason, Resource, Result},
    platform::db::Conn,
};

/// Highest weight.
pub const MAX_WEIGHT: i32 = 1_000_000;
/// Most weights on a source: whatever tells of them all, an answer or a decision, stays
/// short.
pub const MAX_WEIGHTS: usize = 1000;

/// Sets weights on a source that is locked, as far as it has others; returns all of its,
/// and how many were set.
pub async fn set(
    conn: &Conn,
    organization_id: Uuid,
    source_id: Uuid,
    new: &[(Uuid, i32)],
) -> Result<(Vec<OperatorWeight>, usize)> {
    let present = weights::list(conn, organization_id, &[source_id]).await?;
    let is_present = |&&(operator_id, weight): &&(Uuid, i32)| {
        let same = |each: &OperatorWeight| (each.operator_id, each.weight) == (operator_id, weight);
        present.iter().any(same)
    };
    let others: Vec<_> = new.iter().filter(|new| !is_present(new)).copied().collect();
    if others.is_empty() {
        return Ok((present, 0));
    }
    weights::set(conn, organization_id, source_id, &others).await?;
    let weights = weights::list(conn, organization_id, &[source_id]).await?;
    if weights.len() > present.len().max(MAX_WEIGHTS) {
        return Err(Error::Precondition {
            reason: Reason::TooManyWeights,
            kind: Resource::Source,
            id: source_id,
        });
    }
    Ok((weights, others.len()))
}
