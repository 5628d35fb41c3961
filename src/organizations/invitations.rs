//! How membership begins: by accepting an invitation.

use super::store::{
    self,
    invitations::{self, Invitation},
    members,
};
use crate::{
    access::{
        self, Identity, KeyAccess, Role,
        credential::{Credential, INVITATION_PREFIX},
    },
    error::{Error, Resource, Result},
    ids::{InvitationId, OrganizationId, UserId},
    platform::{db::TenantTx, grpc::validate::Violations},
};

/// The invitation that a request proves.
pub fn parse(violations: &mut Violations, field: &str, token: &str) -> Credential<InvitationId> {
    Credential::parse(INVITATION_PREFIX, token).unwrap_or_else(|| {
        violations.add(field, "is not the token of an invitation");
        Credential::generate(OrganizationId::default())
    })
}

/// Makes the user with this e-mail address a member of the organization that invites
/// them; with which role. Whoever has the token has got it by way of the address, or
/// from whoever invites: so it proves the address.
pub async fn join(
    tx: &TenantTx,
    credential: &Credential<InvitationId>,
    user_id: UserId,
    email: &str,
) -> Result<Role> {
    let none = || Error::not_found(Resource::Invitation, credential.id);
    // What its end is judged by does not change meanwhile.
    match store::lock(tx).await {
        Err(Error::NotFound { .. }) => return Err(none()),
        locked => drop(locked?),
    }
    let hash = &credential.hash();
    let invitation = invitations::take(tx, credential.id, hash, email).await?;
    let invitation = invitation.ok_or_else(none)?;
    if !is_backed(tx, &invitation).await? {
        return Err(none());
    }
    if !members::insert(tx, user_id, invitation.role).await? {
        return Err(Error::AlreadyExists {
            kind: Resource::Member,
            field: "token",
        });
    }
    Ok(invitation.role)
}

/// Whether its inviter may still give the role, which whoever takes theirs changes with the
/// organization locked, as it is. Nobody knows the inviters of those that
/// processes of the version before have made.
async fn is_backed(tx: &TenantTx, invitation: &Invitation) -> Result<bool> {
    let is_owner = if let Some(id) = invitation.inviter_user_id {
        match members::role(tx, id).await? {
            Some(Role::Owner) => true,
            Some(Role::Admin) => false,
            Some(Role::Manager | Role::Member) | None => return Ok(false),
        }
    } else if let Some(id) = invitation.inviter_api_key_id {
        let access = access::store::key_access(tx, id).await?;
        if access != Some(KeyAccess::Admin) {
            return Ok(false);
        }
        false
    } else {
        true
    };
    Ok(is_owner || invitation.role != Role::Owner)
}

/// Ends what a member has invited to who has this role now, if any, and may not give
/// those roles any more.
pub async fn end_of_member(tx: &TenantTx, user_id: UserId, role: Option<Role>) -> Result<()> {
    let may_give: &[Role] = match role {
        Some(Role::Owner) => return Ok(()),
        Some(Role::Admin) => &[Role::Admin, Role::Manager, Role::Member],
        Some(Role::Manager | Role::Member) | None => &[],
    };
    let inviter = Identity::User(user_id);
    invitations::delete_of(tx, inviter, may_give).await
}
