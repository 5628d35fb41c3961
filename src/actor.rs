//! Who acts: a user, a service by its key, or nobody in particular.

use uuid::Uuid;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Somebody who need not say who they are.
    Nobody,
    /// Whoever calls while there is no authentication.
    Development,
    /// A user.
    User(Uuid),
    /// A service, by its key.
    ApiKey(Uuid),
}

impl Identity {
    /// The user, if it is one.
    pub fn user_id(self) -> Option<Uuid> {
        match self {
            Self::User(id) => Some(id),
            _ => None,
        }
    }

    /// The API key, if it is one.
    pub fn api_key_id(self) -> Option<Uuid> {
        match self {
            Self::ApiKey(id) => Some(id),
            _ => None,
        }
    }
}
