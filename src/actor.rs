//! Who does something: a user, a service by its key, or the system itself; for which
//! organization, how much of it they may do, and until when.

use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    error::{Error, Reason, Result},
    ids::{ApiKeyId, OrganizationId, UserId},
};

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Somebody who need not say who they are.
    Nobody,
    /// Whoever calls while there is no authentication.
    Development,
    /// A user.
    User(UserId),
    /// A service, by its key.
    ApiKey(ApiKeyId),
    /// This service by itself, with nobody asking.
    System,
}

impl Identity {
    /// The user, if it is one.
    pub fn user_id(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            _ => None,
        }
    }

    /// The API key, if it is one.
    pub fn api_key_id(self) -> Option<ApiKeyId> {
        match self {
            Self::ApiKey(id) => Some(id),
            _ => None,
        }
    }

    /// The id of whoever it is, if they have one.
    pub fn as_uuid(self) -> Option<Uuid> {
        match self {
            Self::User(id) => Some(id.as_uuid()),
            Self::ApiKey(id) => Some(id.as_uuid()),
            _ => None,
        }
    }
}

/// Who did something, and by what: what the audit tells of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// Who did it.
    pub identity: Identity,
    /// The method that was called, or that it was done for.
    pub method: &'static str,
}

/// How much of a method is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Nothing.
    No,
    /// For what is theirs.
    Own,
    /// All of it.
    All,
}

/// Who does something, for which organization, and what they may do: enough to submit work
/// with, whether it comes from a call or from this service itself.
#[derive(Debug, Clone, Copy)]
pub struct Actor {
    /// Who does it.
    pub identity: Identity,
    /// The organization that everything they touch belongs to. All zeros where it is about
    /// none.
    pub organization_id: OrganizationId,
    /// How much they are granted.
    pub grant: Grant,
    /// What they do, for the audit: the method that is called, or is done for them.
    pub method: &'static str,
    /// When nobody waits for it any more.
    pub deadline: Instant,
}

impl Actor {
    /// The service itself, which may do everything in this organization.
    pub fn system(
        organization_id: OrganizationId,
        method: &'static str,
        deadline: Instant,
    ) -> Self {
        Self {
            identity: Identity::System,
            organization_id,
            grant: Grant::All,
            method,
            deadline,
        }
    }

    /// Who does it, and by what.
    pub fn author(&self) -> Author {
        Author {
            identity: self.identity,
            method: self.method,
        }
    }

    /// The user whose things alone may be changed, if not all may.
    pub fn restricted_to_user(&self) -> Option<UserId> {
        match self.grant {
            Grant::All => None,
            Grant::Own | Grant::No => Some(self.identity.user_id().unwrap_or_default()),
        }
    }

    /// Refuses those who are granted their own only, if this is not: it belongs to this user.
    pub fn check_own(&self, user_id: Option<UserId>) -> Result<()> {
        match self.grant {
            Grant::All => Ok(()),
            Grant::Own if user_id.is_some() && user_id == self.identity.user_id() => Ok(()),
            Grant::Own | Grant::No => Err(Error::Denied(Reason::NotOwn)),
        }
    }
}
