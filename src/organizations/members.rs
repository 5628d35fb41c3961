//! The methods of `OrganizationService` about who is a member.

use uuid::Uuid;

use super::{
    roles::{Caller, role},
    store::{
        invitations::{self, NewInvitation},
        members::{self, Member},
    },
};
use crate::{
    access::{
        Role,
        credential::{Credential, INVITATION_PREFIX},
    },
    context::Context,
    error::{Error, Result},
    page::Pager,
    proto::{
        self, AddMemberRequest, AddMemberResponse, Invitation, ListMembersRequest,
        ListMembersResponse, add_member_response,
    },
    request_id::Claim,
    rpc::timestamp,
    validate::Violations,
};

pub(super) async fn list_members(
    context: Context,
    request: ListMembersRequest,
) -> Result<ListMembersResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let page = pager.page;
    let members = context
        .read(async |conn| members::list(conn, organization_id, page).await)
        .await?;
    let page = pager.finish(members, |member| member.user_id, proto::Member::from);
    Ok(ListMembersResponse {
        members: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

pub(super) async fn add_member(
    context: Context,
    request: AddMemberRequest,
) -> Result<AddMemberResponse> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "AddMember", &request.request_id, &request);
    let email = violations.email("email", &request.email);
    if email.is_none() {
        violations.add("email", "is required");
    }
    let role = role(&mut violations, request.role);
    violations.finish()?;

    let email = email.unwrap_or_default();
    let known = &email;
    let user_id = context
        .read(async |conn| members::user_with_email(conn, known).await)
        .await?;
    match user_id {
        Some(user_id) => add(context, claim, user_id, &email, role).await,
        None => invite(context, claim, email, role).await,
    }
}

async fn add(
    context: Context,
    claim: Option<Claim>,
    user_id: Uuid,
    email: &str,
    role: Role,
) -> Result<AddMemberResponse> {
    let (context, organization_id) = (&context, context.organization_id);
    let added = context
        .write(claim, user_id, async |conn| {
            Caller::lock(conn, context).await?.check_grants(role)?;
            if !members::insert(conn, organization_id, user_id, role).await? {
                return Err(Error::AlreadyExists {
                    kind: "member",
                    field: "email",
                });
            }
            invitations::delete(conn, organization_id, email).await?;
            let member = members::find(conn, organization_id, user_id).await?;
            Ok(AddMemberResponse {
                result: Some(add_member_response::Result::Member(member.into())),
            })
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(user_id);
    added
}

async fn invite(
    context: Context,
    claim: Option<Claim>,
    email: String,
    role: Role,
) -> Result<AddMemberResponse> {
    let credential = Credential::generate(context.organization_id);
    let invitation = &NewInvitation {
        organization_id: context.organization_id,
        id: credential.id,
        email,
        role,
        token_hash: credential.hash().to_vec(),
    };
    let context = &context;
    let mut added = context
        .write(claim, invitation.id, async |conn| {
            Caller::lock(conn, context).await?.check_grants(role)?;
            invitations::delete(conn, invitation.organization_id, &invitation.email).await?;
            let expire_time = invitations::insert(conn, invitation).await?;
            let invitation = Invitation {
                id: invitation.id.to_string(),
                email: invitation.email.clone(),
                role: proto::Role::from(role).into(),
                token: String::new(),
                expire_time: Some(timestamp(expire_time)),
            };
            Ok(AddMemberResponse {
                result: Some(add_member_response::Result::Invitation(invitation)),
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

impl From<Member> for proto::Member {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id.to_string(),
            email: member.email,
            name: member.name,
            role: proto::Role::from(member.role).into(),
            create_time: Some(timestamp(member.create_time)),
            update_time: Some(timestamp(member.update_time)),
        }
    }
}
