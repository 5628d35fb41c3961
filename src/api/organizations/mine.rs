//! The methods of `OrganizationService` about the organizations of the calling user.

use crate::{
    call::Context,
    error::{Error, Result},
    model::Change,
    organizations::{membership, memberships, store::members},
    platform::{
        grpc::{page::Pager, validate::Violations},
        idempotency::IdempotencyKey,
    },
    proto::{
        self, ListMyOrganizationsRequest, ListMyOrganizationsResponse,
        SetDefaultOrganizationRequest,
    },
};

pub(super) async fn list_my_organizations(
    context: Context,
    request: ListMyOrganizationsRequest,
) -> Result<ListMyOrganizationsResponse> {
    let user_id = context.user_id()?;
    let mut violations = Violations::new();
    let mut pager = Pager::parse(&mut violations, user_id, &request);
    pager.page.ascending = true;
    violations.finish()?;
    let memberships = memberships(context.db(), user_id, pager.page).await?;
    let page = pager.finish(
        memberships,
        |(id, _)| *id,
        |(_, each)| proto::Membership::from(each),
    );
    Ok(ListMyOrganizationsResponse {
        memberships: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}

pub(super) async fn set_default_organization(
    context: Context,
    request: SetDefaultOrganizationRequest,
) -> Result<proto::Membership> {
    let user_id = context.user_id()?;
    let mut violations = Violations::new();
    let v = &mut violations;
    let idempotency_key = IdempotencyKey::of(v, &request);
    let organization_id = violations.id("organization_id", &request.organization_id);
    violations.finish()?;

    // Others learn nothing of the organization, not even whether there is one.
    let known = context.identities();
    let memberships = known.memberships_now(context.db(), user_id).await?;
    if !memberships.iter().any(|(id, _)| *id == organization_id) {
        return Err(Error::OrganizationDenied);
    }
    let context = context.with_organization(organization_id);
    let set = context
        .write(idempotency_key, async |tx| {
            let role = members::role(tx, user_id).await?;
            let role = role.ok_or(Error::OrganizationDenied)?;
            let before = membership(tx, user_id, role).await?;
            if before.is_default {
                return Ok(before.into());
            }
            let role = members::set_default(tx, user_id).await?;
            let role = role.ok_or(Error::OrganizationDenied)?;
            let set = membership(tx, user_id, role).await?;
            tx.record(Change::DefaultOrganizationSet(user_id));
            Ok(set.into())
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context.identities().forget_user(user_id);
    set
}
