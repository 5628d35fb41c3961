//! The methods of `OrganizationService` about invitations.

use super::{caller::caller, convert::role};
use crate::{
    access::credential::{Credential, INVITATION_PREFIX},
    auth::store::users,
    call::Context,
    error::{Error, Resource, Result},
    model::Change,
    organizations::{
        Limits,
        invitations::{join, parse},
        membership,
        store::{
            invitations::{self, NewInvitation},
            members,
        },
    },
    platform::{
        grpc::{page::Pager, validate::Violations},
        idempotency::IdempotencyKey,
    },
    proto::{
        self, AcceptInvitationRequest, AddMemberRequest, AddMemberResponse, ListInvitationsRequest,
        ListInvitationsResponse, RevokeInvitationRequest, add_member_response,
    },
};

pub(super) async fn add_member(
    limits: Limits,
    context: Context,
    request: AddMemberRequest,
) -> Result<AddMemberResponse> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let email = violations.required_email("email", &request.email);
    let role = role(&mut violations, request.role);
    violations.finish()?;

    let organization_id = context.organization_id;
    let credential = Credential::generate(organization_id);
    let invitation = &NewInvitation {
        id: credential.id,
        email,
        role,
        token_hash: credential.hash().to_vec(),
        inviter_user_id: context.identity.user_id(),
        inviter_api_key_id: context.identity.api_key_id(),
    };
    let context = &context;
    let mut added = context
        .write(idempotency_key, async |tx| {
            let caller = caller(tx, context).await?;
            caller.check_grants(role)?;
            // Whether anybody else has the address makes no difference.
            if members::has_email(tx, &invitation.email).await? {
                return Err(Error::AlreadyExists {
                    kind: Resource::Member,
                    field: "email",
                });
            }
            let pending = invitations::of_email(tx, &invitation.email);
            if let Some(pending) = pending.await? {
                caller.check_ends(&pending)?;
            }
            invitations::make_room(tx, &invitation.email).await?;
            let pending = invitations::count(tx).await?;
            limits.check_invitations(organization_id, pending)?;
            let invitation = invitations::insert(tx, invitation).await?;
            tx.record(Change::MemberInvited(invitation.id));
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
    let idempotency_key = IdempotencyKey::of(v, &request);
    let credential = parse(v, "token", &request.token);
    violations.finish()?;

    let (organization_id, credential) = (credential.organization_id, &credential);
    let context = context.with_organization(organization_id);
    let accepted = context
        .write(idempotency_key, async |tx| {
            let email = members::email(tx, user_id).await?;
            let role = join(tx, credential, user_id, &email).await?;
            users::verify_email(tx, user_id).await?;
            let membership = membership(tx, user_id, role).await?;
            tx.record(Change::InvitationAccepted(credential.id));
            Ok(membership.into())
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
        .read(async |tx| invitations::list(tx, page).await)
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
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let context = &context;
    context
        .write(idempotency_key, async |tx| {
            let caller = caller(tx, context).await?;
            let ended = invitations::delete(tx, id).await?;
            tx.record(Change::InvitationRevoked(id));
            // What is refused is undone.
            caller.check_ends(&ended.ok_or_else(|| Error::not_found(Resource::Invitation, id))?)
        })
        .await
}
