//! The keys that requests are told apart by, and whose they are.

use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    actor::Identity,
    platform::grpc::{idempotent::IdempotentRequest, validate::Violations},
};

/// The idempotency key of a request (AIP-155): requests of a method with the same
/// `request_id` are one, and have one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Name of the method, the id's scope within the organization.
    pub method: &'static str,
    /// The caller's id.
    pub request_id: Uuid,
    /// SHA-256 of the request.
    pub fingerprint: Vec<u8>,
}

impl IdempotencyKey {
    /// The key of a request; none if it carries no `request_id`.
    pub fn of<Q: IdempotentRequest>(violations: &mut Violations, request: &Q) -> Option<Self> {
        let request_id = violations.optional_id("request_id", request.request_id())?;
        Some(Self::new(Q::METHOD, request_id, request))
    }

    /// The key of a request with this id.
    pub fn new(method: &'static str, request_id: Uuid, request: &impl Message) -> Self {
        let mut encoded = request.encode_to_vec();
        // However the id is spelled, it is the same request.
        let id = request_id.to_string();
        let spelled = encoded
            .windows(id.len())
            .rposition(|part| part.eq_ignore_ascii_case(id.as_bytes()));
        if let Some(start) = spelled {
            encoded[start..start + id.len()].copy_from_slice(id.as_bytes());
        }
        let fingerprint = Sha256::digest(encoded).to_vec();
        Self {
            method,
            request_id,
            fingerprint,
        }
    }

    /// The key as this caller's: others have their own, whatever ids they use.
    pub fn of_caller(self, caller: Identity) -> CallerKey {
        let (kind, caller_id) = match caller {
            Identity::Nobody => (0_u8, Uuid::nil()),
            Identity::Development => (1, Uuid::nil()),
            Identity::User(id) => (2, id.as_uuid()),
            Identity::ApiKey(id) => (3, id.as_uuid()),
            Identity::System => (4, Uuid::nil()),
        };
        let digest = Sha256::new()
            .chain_update([kind])
            .chain_update(caller_id)
            .chain_update(self.request_id)
            .chain_update(self.method)
            .finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        CallerKey {
            id: Uuid::new_v8(id),
            key: self,
        }
    }
}

/// The key of a caller.
///
/// The first of those who use the same `request_id` has the row that is found by it,
/// which is all that the version before knows; the others' rows are found by `id`
/// instead. Which of the two it is depends on who came first, so `id` is unique
/// besides: a key is never in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerKey {
    pub(super) key: IdempotencyKey,
    pub(super) id: Uuid,
}

impl CallerKey {
    /// What no two keys of a batch may have in common.
    pub fn key(&self) -> (&'static str, Uuid) {
        (self.key.method, self.key.request_id)
    }
}
