//! `OrganizationService.ListMembers`.

use super::store::members::{self, Member};
use crate::{
    call::{Context, reply::timestamp},
    error::Result,
    platform::grpc::{page::Pager, validate::Violations},
    proto::{self, ListMembersRequest, ListMembersResponse},
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
