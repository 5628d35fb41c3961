//! Who can take a contact of a source, and who cannot.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{ExclusionReason, pick::Candidate};

use crate::ids::{OperatorId, PoolId, SourceId};

/// An operator who cannot take a contact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Excluded {
    pub operator_id: OperatorId,
    pub weight: u32,
    /// Why not.
    pub reason: ExclusionReason,
}

/// Everyone with a weight on a source, by operator id: who can take a contact,
/// and who cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub source_id: SourceId,
    /// Who can.
    pub candidates: Vec<Candidate>,
    /// Who cannot.
    pub excluded: Vec<Excluded>,
}

impl Pool {
    /// A digest of the content, as a UUID of version 8: equal pools have equal ids, for
    /// ever. (Pools that were kept by another digest keep their ids: nothing but their
    /// id refers to them.)
    pub fn id(&self) -> PoolId {
        let mut digest = Sha256::new().chain_update(self.source_id);
        digest.update(self.candidates.len().to_be_bytes());
        for candidate in &self.candidates {
            digest.update(candidate.operator_id);
            digest.update(candidate.weight.to_be_bytes());
        }
        for excluded in &self.excluded {
            digest.update(excluded.operator_id);
            digest.update(excluded.weight.to_be_bytes());
            digest.update(excluded.reason.as_str());
            digest.update([0]);
        }
        id_of(digest)
    }
}

/// The id that is the beginning of a digest: a UUID of version 8.
pub fn id_of(digest: Sha256) -> PoolId {
    let mut id = [0; 16];
    id.copy_from_slice(&digest.finalize()[..16]);
    PoolId::from_uuid(Uuid::new_v8(id))
}
