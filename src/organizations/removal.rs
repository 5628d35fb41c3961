//! `OrganizationService.DeleteOrganization`, and the removal of what is left of a closed
//! organization.

use std::{collections::HashSet, time::Duration};

use uuid::Uuid;

use super::store;
use crate::{
    call::Context,
    error::Result,
    platform::{
        db::{Db, Scope},
        grpc::validate::Violations,
        idempotency::Claim,
    },
    proto::DeleteOrganizationRequest,
};

/// How often to look for organizations that were closed long enough ago.
const INTERVAL: Duration = Duration::from_mins(10);

pub(super) async fn delete_organization(
    context: Context,
    request: DeleteOrganizationRequest,
) -> Result<()> {
    // Nobody has a place that would end.
    context.user_id()?;
    let mut violations = Violations::new();
    let v = &mut violations;
    let claim = Claim::parse(v, "DeleteOrganization", &request.request_id, &request);
    let id = v.id("id", &request.id);
    violations.finish()?;
    let organization_id = context.organization_id;
    if id != organization_id {
        let mut violations = Violations::new();
        violations.add("id", "is not that of the call's organization");
        violations.finish()?;
    }
    let closed = context
        .write(claim, organization_id, async |conn| {
            store::close(conn, organization_id).await
        })
        .await;
    // Even if it failed: a commit may have taken place.
    context
        .identities()
        .forget_places(&HashSet::from([organization_id]));
    closed
}

/// Removes what is left of organizations that were closed so long ago, every now and then,
/// for ever.
pub async fn keep_removed(db: &Db, retention: Duration) {
    loop {
        if let Err(error) = remove_closed(db, retention).await {
            tracing::warn!(
                error = error.chain(),
                "closed organizations are removed later"
            );
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Removes what is left of organizations that were closed so long ago.
pub async fn remove_closed(db: &Db, retention: Duration) -> Result<()> {
    let closed = db
        .read(Scope::AllOrganizations, async |conn| {
            store::closed(conn, retention).await
        })
        .await?;
    for id in closed {
        while remove_some(db, id).await? > 0 {}
        tracing::info!(organization_id = %id, "a closed organization is removed");
    }
    Ok(())
}

async fn remove_some(db: &Db, id: Uuid) -> Result<i64> {
    db.transaction(Scope::Organization(id), async |conn| {
        store::remove_some(conn).await
    })
    .await
}
