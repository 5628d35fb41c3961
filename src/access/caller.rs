//! Who a token stands for, and until when.

use chrono::{DateTime, Utc};

use super::{Identity, KeyAccess};
use crate::{
    error::{Error, Result},
    ids::{ApiKeyId, OrganizationId, UserId},
};

/// Who a token stands for.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    /// A user.
    User {
        /// Their id.
        id: UserId,
        /// When the token was made, in whole seconds.
        issue_time: DateTime<Utc>,
        /// When the token ends.
        expire_time: DateTime<Utc>,
    },
    /// A service.
    Key {
        /// The key's organization.
        organization_id: OrganizationId,
        /// The key's id.
        id: ApiKeyId,
        /// What it may do.
        access: KeyAccess,
        /// When it ends, if it does.
        expire_time: Option<DateTime<Utc>>,
    },
}

impl Caller {
    /// Who it is.
    pub fn identity(&self) -> Identity {
        match *self {
            Self::User { id, .. } => Identity::User(id),
            Self::Key { id, .. } => Identity::ApiKey(id),
        }
    }

    /// When the token was made, if it is a user's.
    pub fn issue_time(&self) -> Option<DateTime<Utc>> {
        match *self {
            Self::User { issue_time, .. } => Some(issue_time),
            Self::Key { .. } => None,
        }
    }

    /// Whether it still does.
    pub(super) fn is_current(&self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "known callers need no database")]
        let now = Utc::now();
        match self {
            Self::User { expire_time, .. } => now < *expire_time,
            Self::Key { expire_time, .. } => expire_time.is_none_or(|time| now < time),
        }
    }
}

/// Refuses a token that was made before those of its user are valid.
pub fn check_issued(issue_time: DateTime<Utc>, valid_from: Option<DateTime<Utc>>) -> Result<()> {
    if valid_from.is_some_and(|valid_from| issue_time < valid_from) {
        return Err(Error::Unauthenticated);
    }
    Ok(())
}

/// Knows what a signed access token says. Callers are looked up here, tokens are made by
/// whoever knows users.
pub trait TokenVerifier: Send + Sync {
    /// The user this token is for. Whatever is wrong with it, the error is the same.
    fn verify(&self, token: &str) -> Result<Caller>;
}
