//! Who a token stands for, and until when.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Identity, KeyAccess};

/// Who a token stands for.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    /// A user.
    User {
        /// Their id.
        id: Uuid,
        /// When the token ends.
        expire_time: DateTime<Utc>,
    },
    /// A service.
    Key {
        /// The key's organization.
        organization_id: Uuid,
        /// The key's id.
        id: Uuid,
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
