//! The methods of `OrganizationService` about invitations, and how membership begins: by
//! accepting one.

use uuid::Uuid;

use super::{
    membership,
    roles::{Caller, role},
    store::{
        self,
        invitations::{self, Invitation, NewInvitation},
        members,
    },
};
use crate::{
    access::{
        self, Identity, KeyAccess, Role,
        credential::{Credential, INVITATION_PREFIX},
    },
    auth::store::users,
    call::{Context, reply::timestamp},
    error::{Error, Result},
    platform::{
        db::Conn,
        grpc::{page::Pager, validate::Violations},
        idempotency::Claim,
    },
    proto::{
        self, AcceptInvitationRequest, AddMemberRequest, AddMemberResponse, ListInvitationsRequest,
        ListInvitationsResponse, RevokeInvitationRequest, add_member_response,
    },
};

pub(super) async fn add_member(
    context: Context,
    request: AddMemberRequest,
) -> Result<AddMemberResponse> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "AddMember", &request.request_id, &request);
    let email = violations.required_email("email", &request.email);
    let role = role(&mut violations, request.role);
    violations.finish()?;

    let organization_id = context.organization_id;
    let credential = Credential::generate(organization_id);
    let invitation = &NewInvitation {
        organization_id,
        id: credential.id,
        email,
        role,
        token_hash: credential.hash().to_vec(),
        inviter_user_id: context.identity.user_id(),
        inviter_api_key_id: context.identity.api_key_id(),
    };
    let context = &context;
    let mut added = context
        .write(claim, invitation.id, async |conn| {
            let caller = Caller::find(conn, context).await?;
            caller.check_grants(role)?;
            // Whether anybody else has the address makes no difference.
            if members::has_email(conn, organization_id, &invitation.email).await? {
                return Err(Error::AlreadyExists {
                    kind: "member",
                    field: "email",
                });
            }
            let pending = invitations::of_email(conn, organization_id, &invitation.email);
            if let Some(pending) = pending.await? {
                caller.check_ends(&pending)?;
            }
            invitations::make_room(conn, organization_id, &invitation.email).await?;
            let pending = invitations::count(conn, organization_id).await?;
            context
                .limits()
                .check_invitations(organization_id, pending)?;
            let invitation = invitations::insert(conn, invitation).await?;
            Ok(AddMemberResponse {
                result: Some(add_member_response::Result::Invitation(invitation.into())),
            })
        })
        .await?;
    // In an answer that was kept it is another invitation.
    let id = invitation.id.to_string();
    if let Some(add_member_response::Result::Invitation(made)) = &mut added.result
        && made.id == id
    {
        made.token = credential.text(INVITATION_PREFIX);
    }
    Ok(added)
}

pub(super) async fn accept_invitation(
    context: Context,
    request: AcceptInvitationRequest,
) -> Result<proto::Membership> {
    let user_id = context.user_id()?;
    let mut violations = Violations::new();
    let v = &mut violations;
    let claim = Claim::parse(v, "AcceptInvitation", &request.request_id, &request);
    let credential = parse(v, "token", &request.token);
    violations.finish()?;

    let (organization_id, credential) = (credential.organization_id, &credential);
    let context = context.within(organization_id);
    let accepted = context
        .write(claim, credential.id, async |conn| {
            let email = members::email(conn, user_id).await?;
            let role = join(conn, credential, user_id, &email).await?;
            users::verify_email(conn, user_id).await?;
            membership(conn, organization_id, user_id, role).await
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(user_id);
    accepted
}

pub(super) async fn list_invitations(
    context: Context,
    request: ListInvitationsRequest,
) -> Result<ListInvitationsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let page = pager.page;
    let found = context
        .read(async |conn| invitations::list(conn, organization_id, page).await)
        .await?;
    let page = pager.finish(found, |invitation| invitation.id, proto::Invitation::from);
    Ok(ListInvitationsResponse {
        invitations: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

pub(super) async fn revoke_invitation(
    context: Context,
    request: RevokeInvitationRequest,
) -> Result<()> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "RevokeInvitation",
        &request.request_id,
        &request,
    );
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let (context, organization_id) = (&context, context.organization_id);
    context
        .write(claim, id, async |conn| {
            let caller = Caller::find(conn, context).await?;
            let ended = invitations::delete(conn, organization_id, id).await?;
            // What is refused is undone.
            caller.check_ends(&ended.ok_or_else(|| Error::not_found("invitation", id))?)
        })
        .await
}

/// The invitation that a request proves.
pub fn parse(violations: &mut Violations, field: &str, token: &str) -> Credential {
    Credential::parse(INVITATION_PREFIX, token).unwrap_or_else(|| {
        violations.add(field, "is not the token of an invitation");
        Credential::generate(Uuid::nil())
    })
}

/// Makes the user with this e-mail address a member of the organization that invites
/// them; with which role. Whoever has the token has got it by way of the address, or
/// from whoever invites: so it proves the address.
pub async fn join(
    conn: &Conn,
    credential: &Credential,
    user_id: Uuid,
    email: &str,
) -> Result<Role> {
    let organization_id = credential.organization_id;
    let none = || Error::not_found("invitation", credential.id);
    // What its end is judged by does not change meanwhile.
    match store::lock(conn, organization_id).await {
        Err(Error::NotFound { .. }) => return Err(none()),
        locked => drop(locked?),
    }
    let hash = &credential.hash();
    let invitation = invitations::take(conn, organization_id, credential.id, hash, email).await?;
    let invitation = invitation.ok_or_else(none)?;
    if !is_backed(conn, organization_id, &invitation).await? {
        return Err(none());
    }
    if !members::insert(conn, organization_id, user_id, invitation.role).await? {
        return Err(Error::AlreadyExists {
            kind: "member",
            field: "token",
        });
    }
    Ok(invitation.role)
}

/// Whether its inviter may still give the role, which whoever takes theirs changes with the
/// organization locked, as it is. Nobody knows the inviters of those that
/// processes of the version before have made.
async fn is_backed(conn: &Conn, organization_id: Uuid, invitation: &Invitation) -> Result<bool> {
    let is_owner = if let Some(id) = invitation.inviter_user_id {
        match members::role(conn, organization_id, id).await? {
            Some(Role::Owner) => true,
            Some(Role::Admin) => false,
            Some(Role::Manager | Role::Member) | None => return Ok(false),
        }
    } else if let Some(id) = invitation.inviter_api_key_id {
        let access = access::store::key_access(conn, organization_id, id).await?;
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
pub async fn end_of_member(
    conn: &Conn,
    organization_id: Uuid,
    user_id: Uuid,
    role: Option<Role>,
) -> Result<()> {
    let may_give: &[Role] = match role {
        Some(Role::Owner) => return Ok(()),
        Some(Role::Admin) => &[Role::Admin, Role::Manager, Role::Member],
        Some(Role::Manager | Role::Member) | None => &[],
    };
    let inviter = Identity::User(user_id);
    invitations::delete_of(conn, organization_id, inviter, may_give).await
}

impl From<Invitation> for proto::Invitation {
    fn from(invitation: Invitation) -> Self {
        let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            id: invitation.id.to_string(),
            email: invitation.email,
            role: proto::Role::from(invitation.role).into(),
            token: String::new(),
            expire_time: Some(timestamp(invitation.expire_time)),
            create_time: Some(timestamp(invitation.create_time)),
            inviter_user_id: text(invitation.inviter_user_id),
            inviter_api_key_id: text(invitation.inviter_api_key_id),
        }
    }
}
