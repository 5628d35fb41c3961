//! `OrganizationService.DeleteOrganization`.

use std::collections::HashSet;

use crate::{
    call::Context,
    error::Result,
    ids::OrganizationId,
    model::Change,
    organizations::store,
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::DeleteOrganizationRequest,
};

pub(super) async fn delete_organization(
    context: Context,
    request: DeleteOrganizationRequest,
) -> Result<()> {
    // There is no membership that would end.
    context.user_id()?;
    let mut violations = Violations::new();
    let v = &mut violations;
    let idempotency_key = IdempotencyKey::of(v, &request);
    let id: OrganizationId = v.id("id", &request.id);
    violations.finish()?;
    let organization_id = context.organization_id;
    if id != organization_id {
        let mut violations = Violations::new();
        violations.add("id", "is not that of the call's organization");
        violations.finish()?;
    }
    let closed = context
        .write(idempotency_key, async |tx| {
            store::close(tx).await?;
            tx.record(Change::OrganizationClosed(organization_id));
            Ok(())
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context
        .identities()
        .forget_places(&HashSet::from([organization_id]));
    closed
}
