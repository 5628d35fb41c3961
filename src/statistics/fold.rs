//! Changes of counts, folded into the cells: a moment later, and not by those who
//! make them.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use super::store::cells;
use crate::{
    db::{Db, Scope},
    error::Result,
};

/// How often changes are folded.
const INTERVAL: Duration = Duration::from_millis(500);
/// Most changes that are folded in a transaction.
const MAX_CHANGES: i64 = 500;

/// The organizations in which this process has made changes since it last folded
/// them. Nobody has to ask the database which they are.
#[derive(Default)]
pub struct Unfolded(Mutex<BTreeSet<Uuid>>);

impl Unfolded {
    /// There may be changes in this organization.
    pub fn add(&self, organization_id: Uuid) {
        self.lock().insert(organization_id);
    }

    /// Folds changes every now and then, for ever; first, what a process that ended
    /// has left behind.
    pub async fn keep_folded(&self, db: &Db) {
        match db.organizations().await {
            Ok(all) => self.lock().extend(all),
            Err(error) => tracing::warn!(error = error.chain(), "old changes are left for later"),
        }
        loop {
            let organizations = mem::take(&mut *self.lock());
            for organization_id in organizations {
                if let Err(error) = fold_counts(db, organization_id).await {
                    tracing::warn!(error = error.chain(), "changes are left for later");
                    self.add(organization_id);
                }
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Folds all changes in an organization, whoever made them, but for those that
/// another process is folding.
pub async fn fold_counts(db: &Db, organization_id: Uuid) -> Result<()> {
    while fold_some(db, organization_id).await? > 0 {}
    Ok(())
}

/// One transaction: a change is either a row or in the cells. The number of cells.
async fn fold_some(db: &Db, organization_id: Uuid) -> Result<usize> {
    db.transaction(Scope::Organization(organization_id), async |conn| {
        let changes = cells::take(conn, organization_id, MAX_CHANGES).await?;
        cells::add(conn, organization_id, &changes).await?;
        Ok(changes.len())
    })
    .await
}
