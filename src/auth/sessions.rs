//! Sessions: families of refresh tokens, each of which can be used once.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    access::credential::{Hash, hash},
    error::Result,
    platform::grpc::validate::Violations,
};

/// Tells what a successor is sealed with from everything else that is hashed.
const SEAL: &[u8] = b"minicrm refresh token successor";

/// A refresh token.
pub struct RefreshToken {
    /// What is sealed for whoever uses the token before.
    pub secret: [u8; 32],
    /// What the user is told.
    pub text: String,
}

impl RefreshToken {
    /// A new one.
    pub fn generate() -> Self {
        Self::new(rand::random())
    }

    /// The one with this secret.
    pub fn new(secret: [u8; 32]) -> Self {
        let text = BASE64_URL_SAFE_NO_PAD.encode(secret);
        Self { secret, text }
    }

    /// What is kept of it.
    pub fn hash(&self) -> Hash {
        hash(self.text.as_bytes())
    }
}

/// Seals the secret of the one successor of the token with this text, or opens what
/// is sealed. It can be read only by who has the token: what it is hidden by is a
/// hash of the token, which is random, as long, and used for this alone.
pub fn seal(token: &str, secret: [u8; 32]) -> [u8; 32] {
    let pad = hash(&[SEAL, token.as_bytes()].concat());
    std::array::from_fn(|at| secret[at] ^ pad[at])
}

/// What is kept of a refresh token that was given.
pub fn given(request_token: &str) -> Result<Hash> {
    let mut violations = Violations::new();
    if request_token.is_empty() {
        violations.add("refresh_token", "is required");
    }
    violations.finish()?;
    Ok(hash(request_token.as_bytes()))
}
