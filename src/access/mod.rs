//! Who calls, and what they may do: identities, roles and the one table of what
//! each role may do ([`table`]).

mod caller;
pub mod credential;
pub mod identities;
pub mod revocations;
pub(crate) mod store;
pub mod table;

pub use caller::{Caller, TokenVerifier, check_issued};

pub use crate::actor::{Grant, Identity};
use crate::model::text_enum;

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

/// A caller's access level in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLevel {
    /// That of a member.
    Member(Role),
    /// That of a service.
    Key(KeyAccess),
}

/// Who may call a method.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// Everybody: the method itself finds out who it is.
    Anyone,
    /// Every user, in whatever organizations.
    User,
    /// Those who have access to the organization of the call.
    Permitted(Permissions),
}

/// What each access level grants. Keys with the access of a role have that of the role.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "named after the access levels")]
pub struct Permissions {
    pub owner: Grant,
    pub admin: Grant,
    pub manager: Grant,
    pub member: Grant,
    pub intake: Grant,
    pub read: Grant,
}

impl Permissions {
    /// What this access level grants.
    pub fn grant(self, access_level: AccessLevel) -> Grant {
        match access_level {
            AccessLevel::Member(Role::Owner) => self.owner,
            AccessLevel::Member(Role::Admin) | AccessLevel::Key(KeyAccess::Admin) => self.admin,
            AccessLevel::Member(Role::Manager) | AccessLevel::Key(KeyAccess::Manager) => {
                self.manager
            }
            AccessLevel::Member(Role::Member) => self.member,
            AccessLevel::Key(KeyAccess::Intake) => self.intake,
            AccessLevel::Key(KeyAccess::Read) => self.read,
        }
    }
}

/// How sure it must be that callers still have the access level that grants them a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What is cached of them will do.
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
