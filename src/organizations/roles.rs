//! The rules of who may give and take which role.

use super::store::{
    invitations::Invitation,
    members::{self, Member},
};
use crate::{
    access::{AccessLevel, Identity, KeyAccess, Role},
    error::{Error, Reason, Resource, Result},
    platform::db::TenantTx,
};

/// An owner or an admin who changes roles.
pub struct RoleChanger {
    identity: Identity,
    is_owner: bool,
}

impl RoleChanger {
    /// The caller of a method that is [`Trust::Exclusive`](crate::access::Trust): what the
    /// database says of them stays.
    pub async fn find(
        tx: &TenantTx,
        identity: Identity,
        access_level: Option<AccessLevel>,
    ) -> Result<Self> {
        let access_level = match identity {
            Identity::User(id) => {
                let role = members::role(tx, id).await?;
                Some(AccessLevel::Member(role.ok_or(Error::OrganizationDenied)?))
            }
            _ => access_level,
        };
        let is_owner = match access_level {
            Some(AccessLevel::Member(Role::Owner)) => true,
            Some(AccessLevel::Member(Role::Admin) | AccessLevel::Key(KeyAccess::Admin)) => false,
            _ => return Err(Error::Denied(Reason::RoleDenied)),
        };
        Ok(Self { identity, is_owner })
    }

    /// Refuses to give this role, if the caller may not.
    pub fn check_grants(&self, role: Role) -> Result<()> {
        self.check_owner(role == Role::Owner)
    }

    /// Refuses to take this role, if the caller may not.
    pub fn check_takes(&self, role: Role) -> Result<()> {
        self.check_owner(matches!(role, Role::Owner | Role::Admin))
    }

    /// Refuses to end this invitation, if the caller may not: as if its role were taken, but
    /// for what they have made themselves.
    pub fn check_ends(&self, invitation: &Invitation) -> Result<()> {
        let own = match self.identity {
            Identity::User(id) => invitation.inviter_user_id == Some(id),
            Identity::ApiKey(id) => invitation.inviter_api_key_id == Some(id),
            Identity::Nobody | Identity::Development | Identity::System => false,
        };
        if own {
            return Ok(());
        }
        self.check_takes(invitation.role)
    }

    fn check_owner(&self, required: bool) -> Result<()> {
        if self.is_owner || !required {
            Ok(())
        } else {
            Err(Error::Denied(Reason::OwnerRequired))
        }
    }
}

/// Refuses to take this member's role if that left the organization, which is locked,
/// without an owner.
pub async fn check_owner_left(tx: &TenantTx, member: &Member) -> Result<()> {
    if member.role != Role::Owner || members::count_owners(tx).await? > 1 {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: Reason::LastOwner,
        kind: Resource::Organization,
        id: tx.organization_id().into(),
    })
}
