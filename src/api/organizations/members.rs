//! `OrganizationService.ListMembers`.

use crate::{
    call::Context,
    error::Result,
    organizations::store::members,
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
        .read(async |tx| members::list(tx, page).await)
        .await?;
    let page = pager.finish(members, |member| member.user_id, proto::Member::from);
    Ok(ListMembersResponse {
        members: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}
