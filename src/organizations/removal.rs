//! The removal of what is left of a closed organization.

use std::time::Duration;

use uuid::Uuid;

use super::store;
use crate::{
    error::Result,
    platform::db::{Db, Scope},
};

/// How often to look for organizations that were closed long enough ago.
const INTERVAL: Duration = Duration::from_mins(10);

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
