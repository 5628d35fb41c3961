//! What is random and proves something: API keys and invitations.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::{self, Id, OrganizationId};

/// What API keys begin with, so that they are found where they should not be.
pub const KEY_PREFIX: &str = "mck_";
/// The same for invitations.
pub const INVITATION_PREFIX: &str = "mci_";
/// Bytes of the secret in a key or an invitation.
const SECRET: usize = 32;

/// A hash that stands for a secret.
pub type Hash = [u8; 32];

/// The hash that is kept instead of a secret. Secrets here are random and long,
/// so that a fast hash is enough.
pub fn hash(secret: &[u8]) -> Hash {
    Sha256::digest(secret).into()
}

/// What a service calls with, or somebody joins an organization with. Its text
/// names the organization, so that it is looked for there only.
pub struct Credential<I> {
    /// Where it is looked for.
    pub organization_id: OrganizationId,
    /// Which it is.
    pub id: I,
    /// What proves it; only its [`hash`] is kept.
    pub secret: [u8; SECRET],
}

impl<I: Id> Credential<I> {
    /// A new one.
    pub fn generate(organization_id: OrganizationId) -> Self {
        Self {
            organization_id,
            id: I::from_uuid(ids::generate()),
            secret: rand::random(),
        }
    }

    /// What is kept of the secret.
    pub fn hash(&self) -> Hash {
        hash(&self.secret)
    }

    /// The text of one of the kind that has this prefix.
    pub fn text(&self, prefix: &str) -> String {
        let parts = [
            self.organization_id.as_ref(),
            self.id.as_ref(),
            &self.secret[..],
        ];
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(parts.concat());
        format!("{prefix}{encoded}")
    }

    /// The one with this text, if it is of the kind that has this prefix.
    pub fn parse(prefix: &str, text: &str) -> Option<Self> {
        let encoded = text.strip_prefix(prefix)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (organization_id, rest) = bytes.split_first_chunk()?;
        let (id, secret) = rest.split_first_chunk()?;
        Some(Self {
            organization_id: OrganizationId::from_uuid(Uuid::from_bytes(*organization_id)),
            id: I::from_uuid(Uuid::from_bytes(*id)),
            secret: secret.try_into().ok()?,
        })
    }
}
