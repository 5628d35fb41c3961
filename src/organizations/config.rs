//! The settings of organizations.

use std::time::Duration;

use clap::Args;

use crate::{
    error::{Error, Resource, Result},
    ids::{OrganizationId, UserId},
};

/// Settings of organizations.
#[expect(clippy::struct_field_names, reason = "named after the flags")]
#[derive(Debug, Clone, Args)]
pub struct Organizations {
    /// How many organizations a user may own who creates one more.
    #[arg(
        long,
        global = true,
        env = "MINICRM_ORGANIZATIONS_PER_USER",
        default_value_t = Limits::default().organizations_per_user,
        value_name = "COUNT"
    )]
    pub organizations_per_user: u32,

    /// How many invitations of an organization may be pending.
    #[arg(
        long,
        global = true,
        env = "MINICRM_PENDING_INVITATIONS",
        default_value_t = Limits::default().pending_invitations,
        value_name = "COUNT"
    )]
    pub pending_invitations: u32,

    /// For how many days the data of an organization is kept after it was closed.
    #[arg(
        long,
        global = true,
        env = "MINICRM_ORGANIZATION_RETENTION",
        default_value_t = 30,
        value_name = "DAYS"
    )]
    pub organization_retention: u16,
}

impl Organizations {
    /// The same, as the server is made with.
    pub fn limits(&self) -> Limits {
        Limits {
            organizations_per_user: self.organizations_per_user,
            pending_invitations: self.pending_invitations,
            retention: Duration::from_hours(24 * u64::from(self.organization_retention)),
        }
    }
}

/// How many of each there may be, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Organizations that a user owns.
    pub organizations_per_user: u32,
    /// Pending invitations of an organization.
    pub pending_invitations: u32,
    /// How long the data of an organization is kept after it was closed.
    pub retention: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            organizations_per_user: 20,
            pending_invitations: 100,
            retention: Duration::from_hours(30 * 24),
        }
    }
}

impl Limits {
    /// Refuses one more organization to a user who owns so many.
    pub fn check_owned(&self, user_id: UserId, owned: i64) -> Result<()> {
        if owned < i64::from(self.organizations_per_user) {
            return Ok(());
        }
        Err(Error::QuotaExceeded {
            what: "organizations of this owner",
            kind: Resource::User,
            id: user_id.into(),
        })
    }

    /// Refuses one more invitation to an organization that has so many pending.
    pub fn check_invitations(&self, organization_id: OrganizationId, pending: i64) -> Result<()> {
        if pending < i64::from(self.pending_invitations) {
            return Ok(());
        }
        Err(Error::QuotaExceeded {
            what: "pending invitations",
            kind: Resource::Organization,
            id: organization_id.into(),
        })
    }
}
