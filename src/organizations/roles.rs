//! The methods of `OrganizationService` about roles, and the rules of who may give
//! and take which.

use uuid::Uuid;

use super::{
    invitations::end_of_member,
    store::{
        invitations::Invitation,
        members::{self, Member},
    },
};
use crate::{
    access::{Identity, KeyAccess, Place, Role},
    call::Context,
    error::{Error, LAST_OWNER, OWNER_REQUIRED, ROLE_DENIED, Result},
    platform::{db::Conn, grpc::validate::Violations, idempotency::Claim},
    proto::{self, TransferOwnershipRequest, UpdateMemberRoleRequest},
};

pub(super) async fn update_member_role(
    context: Context,
    request: UpdateMemberRoleRequest,
) -> Result<proto::Member> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "UpdateMemberRole",
        &request.request_id,
        &request,
    );
    let user_id = violations.id("user_id", &request.user_id);
    let role = role(&mut violations, request.role);
    violations.finish()?;

    let (context, organization_id) = (&context, context.organization_id);
    let updated = context
        .write(claim, user_id, async |conn| {
            let caller = Caller::find(conn, context).await?;
            let member = members::find(conn, organization_id, user_id).await?;
            caller.check_grants(role)?;
            if member.role == role {
                return Ok(member.into());
            }
            caller.check_takes(member.role)?;
            check_owner_left(conn, organization_id, &member).await?;
            members::set_role(conn, organization_id, user_id, role).await?;
            end_of_member(conn, organization_id, user_id, Some(role)).await?;
            let member = members::find(conn, organization_id, user_id).await?;
            Ok(member.into())
        })
        .await;
    // Even if it failed: a commit may have taken place. Likewise below.
    context.identities().forget_user(user_id);
    updated
}

pub(super) async fn transfer_ownership(
    context: Context,
    request: TransferOwnershipRequest,
) -> Result<proto::Member> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "TransferOwnership",
        &request.request_id,
        &request,
    );
    let owner_id = context.user_id()?;
    let user_id = violations.id("user_id", &request.user_id);
    if user_id == owner_id {
        violations.add("user_id", "is that of the caller");
    }
    violations.finish()?;

    let (context, organization_id) = (&context, context.organization_id);
    let transferred = context
        .write(claim, user_id, async |conn| {
            let caller = Caller::find(conn, context).await?;
            caller.check_grants(Role::Owner)?;
            members::find(conn, organization_id, user_id).await?;
            members::set_role(conn, organization_id, user_id, Role::Owner).await?;
            members::set_role(conn, organization_id, owner_id, Role::Admin).await?;
            end_of_member(conn, organization_id, owner_id, Some(Role::Admin)).await?;
            let member = members::find(conn, organization_id, user_id).await?;
            Ok(member.into())
        })
        .await;
    context.identities().forget_user(user_id);
    context.identities().forget_user(owner_id);
    transferred
}

/// Somebody who is about to change roles: an owner or an admin.
pub(super) struct Caller {
    identity: Identity,
    is_owner: bool,
}

impl Caller {
    /// The caller of a method that is [`Trust::Exclusive`](crate::access::Trust): what the
    /// database says of them stays.
    pub(super) async fn find(conn: &Conn, context: &Context) -> Result<Self> {
        let place = match context.identity {
            Identity::User(id) => {
                let role = members::role(conn, context.organization_id, id).await?;
                Some(Place::Member(role.ok_or(Error::OrganizationDenied)?))
            }
            _ => context.place,
        };
        let is_owner = match place {
            Some(Place::Member(Role::Owner)) => true,
            Some(Place::Member(Role::Admin) | Place::Key(KeyAccess::Admin)) => false,
            _ => return Err(Error::Denied(ROLE_DENIED)),
        };
        Ok(Self {
            identity: context.identity,
            is_owner,
        })
    }

    /// Refuses to give this role, if the caller may not.
    pub(super) fn check_grants(&self, role: Role) -> Result<()> {
        self.check_owner(role == Role::Owner)
    }

    /// Refuses to take this role, if the caller may not.
    pub(super) fn check_takes(&self, role: Role) -> Result<()> {
        self.check_owner(matches!(role, Role::Owner | Role::Admin))
    }

    /// Refuses to end this invitation, if the caller may not: as if its role were taken, but
    /// for what they have made themselves.
    pub(super) fn check_ends(&self, invitation: &Invitation) -> Result<()> {
        let own = match self.identity {
            Identity::User(id) => invitation.inviter_user_id == Some(id),
            Identity::ApiKey(id) => invitation.inviter_api_key_id == Some(id),
            Identity::Nobody | Identity::Development => false,
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
            Err(Error::Denied(OWNER_REQUIRED))
        }
    }
}

/// Refuses to take this member's role if that left the organization, which is locked,
/// without an owner.
pub(super) async fn check_owner_left(
    conn: &Conn,
    organization_id: Uuid,
    member: &Member,
) -> Result<()> {
    if member.role != Role::Owner || members::count_owners(conn, organization_id).await? > 1 {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: LAST_OWNER,
        kind: "organization",
        id: organization_id,
    })
}

/// The role a request names.
pub(super) fn role(violations: &mut Violations, role: i32) -> Role {
    match violations.required_enum("role", role) {
        proto::Role::Owner => Role::Owner,
        proto::Role::Admin => Role::Admin,
        proto::Role::Manager => Role::Manager,
        proto::Role::Unspecified | proto::Role::Member => Role::Member,
    }
}
