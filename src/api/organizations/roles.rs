//! The methods of `OrganizationService` about roles.

use super::{caller::caller, convert::role};
use crate::{
    access::Role,
    call::Context,
    error::Result,
    model::Change,
    organizations::{invitations::end_of_member, roles::check_owner_left, store::members},
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{self, TransferOwnershipRequest, UpdateMemberRoleRequest},
};

pub(super) async fn update_member_role(
    context: Context,
    request: UpdateMemberRoleRequest,
) -> Result<proto::Member> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let user_id = violations.id("user_id", &request.user_id);
    let role = role(&mut violations, request.role);
    violations.finish()?;

    let context = &context;
    let updated = context
        .write(idempotency_key, async |tx| {
            let caller = caller(tx, context).await?;
            let member = members::find(tx, user_id).await?;
            caller.check_grants(role)?;
            tx.record(Change::MemberRoleSet(user_id));
            if member.role == role {
                return Ok(member.into());
            }
            caller.check_takes(member.role)?;
            check_owner_left(tx, &member).await?;
            members::set_role(tx, user_id, role).await?;
            end_of_member(tx, user_id, Some(role)).await?;
            let member = members::find(tx, user_id).await?;
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
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let owner_id = context.user_id()?;
    let user_id = violations.id("user_id", &request.user_id);
    if user_id == owner_id {
        violations.add("user_id", "is that of the caller");
    }
    violations.finish()?;

    let context = &context;
    let transferred = context
        .write(idempotency_key, async |tx| {
            let caller = caller(tx, context).await?;
            caller.check_grants(Role::Owner)?;
            members::find(tx, user_id).await?;
            members::set_role(tx, user_id, Role::Owner).await?;
            members::set_role(tx, owner_id, Role::Admin).await?;
            end_of_member(tx, owner_id, Some(Role::Admin)).await?;
            tx.record(Change::OwnershipTransferred(user_id));
            let member = members::find(tx, user_id).await?;
            Ok(member.into())
        })
        .await;
    context.identities().forget_user(user_id);
    context.identities().forget_user(owner_id);
    transferred
}
