//! Says that who may what in an organization has changed.

use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;

use crate::{error::Result, ids::OrganizationId, platform::db::Conn, schema::organizations};

/// Tells all processes that somebody's place in the organization is another.
pub async fn access_changed(mut conn: &Conn, id: OrganizationId) -> Result<()> {
    diesel::update(organizations::table.find(id))
        .set((
            organizations::access_revision.eq(organizations::access_revision + 1),
            organizations::access_time.eq(now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}
