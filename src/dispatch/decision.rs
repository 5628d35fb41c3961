//! A decision about who gets a contact, and what is recorded of it.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{BacklogReason, Choice, Pool, Shares, Strategy, pool::id_of};

use crate::ids::{OperatorId, PoolId};

/// A decision about who gets a contact.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Id of the basis it was made on, which is to be recorded with it.
    pub pool_id: PoolId,
    /// What it came to.
    pub outcome: Outcome,
}

/// What a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An operator was chosen.
    Assigned(Choice),
    /// Nobody else can take it: it stays with its operator, who is active.
    Kept(OperatorId),
    /// Nobody can take it.
    Backlog(BacklogReason),
}

impl Decision {
    /// What was chosen.
    pub fn choice(&self) -> Option<&Choice> {
        match &self.outcome {
            Outcome::Assigned(choice) => Some(choice),
            Outcome::Kept(_) | Outcome::Backlog(_) => None,
        }
    }

    /// Why nobody has the contact now.
    pub fn backlog_reason(&self) -> Option<BacklogReason> {
        match self.outcome {
            Outcome::Backlog(reason) => Some(reason),
            Outcome::Assigned(_) | Outcome::Kept(_) => None,
        }
    }
}

/// What decisions were made on, recorded at the time: with it and the evidence of a choice the
/// choice can be made again, and statistics know what was to be expected of it.
#[derive(Debug, Clone)]
pub struct Basis {
    /// Who could be chosen, and who not.
    pub pool: Arc<Pool>,
    pub strategy: &'static str,
    /// What each candidate was to be expected to get of the contact.
    pub expected: Shares,
}

/// The id of a basis, from the id of its pool. By weighted random it is the pool's own:
/// the shares are the weights, and all that was recorded before there were strategies has it.
pub fn basis_id(pool_id: PoolId, strategy: &str, expected: &Shares) -> PoolId {
    if strategy == Strategy::WeightedRandom.as_str() {
        return pool_id;
    }
    let mut digest = Sha256::new().chain_update(pool_id);
    digest.update(strategy);
    digest.update([0]);
    for part in expected.parts() {
        digest.update(part.to_be_bytes());
    }
    id_of(digest)
}
