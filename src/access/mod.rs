//! Who calls, and what they may do: identities, roles and the one table of what
//! each role may do ([`table`]).

mod caller;
pub mod credential;
pub mod identities;
pub mod revocations;
pub(crate) mod store;
pub mod table;

pub use caller::{Caller, check_issued};
use uuid::Uuid;

use crate::{platform::db::text_enum, proto};

text_enum! {
    /// What a member may do.
    Role {
        /// Everything, owners and admins included.
        Owner = "OWNER",
        /// Everything in the organization.
        Admin = "ADMIN",
        /// Leads, contacts, operators and sources.
        Manager = "MANAGER",
        /// What is theirs.
        Member = "MEMBER",
    }
}

text_enum! {
    /// What an API key may do.
    KeyAccess {
        /// What an admin may.
        Admin = "ADMIN",
        /// What a manager may.
        Manager = "MANAGER",
        /// Taking contacts in.
        Intake = "INTAKE",
        /// Reading.
        Read = "READ",
    }
}

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

/// A caller's place in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// That of a member.
    Member(Role),
    /// That of a service.
    Key(KeyAccess),
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

/// Who may call a method.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// Everybody: the method itself finds out who it is.
    Anyone,
    /// Every user, in whatever organizations.
    User,
    /// Those who have a place in the organization of the call.
    Places(Places),
}

/// What each place grants. Keys with the access of a role have that of the role.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "named after the places")]
pub struct Places {
    pub owner: Grant,
    pub admin: Grant,
    pub manager: Grant,
    pub member: Grant,
    pub intake: Grant,
    pub read: Grant,
}

impl Places {
    /// What this place grants.
    pub fn grant(self, place: Place) -> Grant {
        match place {
            Place::Member(Role::Owner) => self.owner,
            Place::Member(Role::Admin) | Place::Key(KeyAccess::Admin) => self.admin,
            Place::Member(Role::Manager) | Place::Key(KeyAccess::Manager) => self.manager,
            Place::Member(Role::Member) => self.member,
            Place::Key(KeyAccess::Intake) => self.intake,
            Place::Key(KeyAccess::Read) => self.read,
        }
    }
}

/// How sure it must be that callers still have the place that grants them a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What is remembered of them is believed.
    Remembered,
    /// Their membership or key is read again, and a write keeps it locked: whoever
    /// takes it waits for the write, and no write comes after. For what cannot be undone.
    Confirmed,
    /// The same for one call of an organization after the other. For what gives or
    /// takes power.
    Exclusive,
}

/// A method, by the message of its requests.
pub trait Method {
    /// Its name.
    const NAME: &'static str;
    /// Its service and name: `Service/Method`.
    const PATH: &'static str;
    /// Who may call it.
    const WHO: Who;
    /// How sure that must be.
    const TRUST: Trust;
}

impl From<Role> for proto::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Manager => Self::Manager,
            Role::Member => Self::Member,
        }
    }
}

impl From<KeyAccess> for proto::ApiKeyAccess {
    fn from(access: KeyAccess) -> Self {
        match access {
            KeyAccess::Admin => Self::Admin,
            KeyAccess::Manager => Self::Manager,
            KeyAccess::Intake => Self::Intake,
            KeyAccess::Read => Self::Read,
        }
    }
}
