//! Weights: who takes a source's contacts.

use super::store::weights::{self, OperatorWeight};
use crate::{
    error::{Error, Reason, Resource, Result},
    ids::{OperatorId, SourceId},
    platform::db::TenantTx,
};

pub const MAX_WEIGHT: i32 = 1_000_000;
/// Most weights on a source: whatever tells of them all, an answer or a decision, stays
/// short.
pub const MAX_WEIGHTS: usize = 1000;

/// Sets weights on a source that is locked, as far as it has others; returns all of its,
/// and how many were set.
pub async fn set(
    tx: &TenantTx,
    source_id: SourceId,
    new: &[(OperatorId, i32)],
) -> Result<(Vec<OperatorWeight>, usize)> {
    let present = weights::list(tx, &[source_id]).await?;
    let is_present = |&&(operator_id, weight): &&(OperatorId, i32)| {
        let same = |each: &OperatorWeight| (each.operator_id, each.weight) == (operator_id, weight);
        present.iter().any(same)
    };
    let others: Vec<_> = new.iter().filter(|new| !is_present(new)).copied().collect();
    if others.is_empty() {
        return Ok((present, 0));
    }
    weights::set(tx, source_id, &others).await?;
    let weights = weights::list(tx, &[source_id]).await?;
    if weights.len() > present.len().max(MAX_WEIGHTS) {
        return Err(Error::Precondition {
            reason: Reason::TooManyWeights,
            kind: Resource::Source,
            id: source_id.into(),
        });
    }
    Ok((weights, others.len()))
}
