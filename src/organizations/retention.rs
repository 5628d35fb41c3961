//! How closed organizations end: what is left of them is removed after the retention.

use std::time::Duration;

use super::store;
use crate::{
    error::Result,
    ids::OrganizationId,
    platform::{
        background::{Outcome, Schedule, Task, each_organization},
        db::{AllOrganizations, Db},
    },
};

/// How often to look for organizations that were closed long enough ago.
const INTERVAL: Duration = Duration::from_mins(10);

/// Removes what is left of organizations that were closed long enough ago.
pub struct RemoveClosedOrganizations {
    /// Where they are.
    pub db: Db,
    /// How long what is left of them is kept.
    pub retention: Duration,
}

impl Task for RemoveClosedOrganizations {
    const NAME: &'static str = "remove_closed_organizations";

    fn schedule(&self) -> Schedule {
        Schedule::every(INTERVAL).spread().leased()
    }

    async fn run_once(&self) -> Outcome {
        let closed = closed(&self.db, self.retention).await?;
        each_organization(closed, 1, |id| {
            let db = self.db.clone();
            async move { remove(&db, id).await }
        })
        .await
    }
}

/// Removes what is left of organizations that were closed so long ago.
pub async fn remove_closed(db: &Db, retention: Duration) -> Result<()> {
    for id in closed(db, retention).await? {
        remove(db, id).await?;
    }
    Ok(())
}

async fn closed(db: &Db, retention: Duration) -> Result<Vec<OrganizationId>> {
    db.read(AllOrganizations, async |conn| {
        store::closed(conn, retention).await
    })
    .await
}

/// Removes all of an organization, some rows in each transaction. Returns how many.
async fn remove(db: &Db, id: OrganizationId) -> Result<u64> {
    let mut removed = 0;
    loop {
        let some = db
            .transaction(id, async |tx| store::remove_some(tx).await)
            .await?;
        if some == 0 {
            tracing::info!(organization_id = %id, "closed organization removed");
            return Ok(removed);
        }
        removed += u64::try_from(some).unwrap_or_default();
    }
}
