//! Says that who may what in an organization has changed.

use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;

use crate::{error::Result, platform::db::TenantTx, schema::organizations};

/// Tells all processes that somebody's role in the organization has changed.
pub async fn access_changed(tx: &TenantTx) -> Result<()> {
    diesel::update(organizations::table.find(tx.organization_id()))
        .set((
            organizations::access_revision.eq(organizations::access_revision + 1),
            organizations::access_time.eq(now),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}
