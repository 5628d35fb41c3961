//! Changes of counts, folded into the cells: a moment later, and not by those who
//! make them.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, join, stream};
use uuid::Uuid;

use super::store::cells;
use crate::{
    error::Result,
    platform::db::{Db, Scope},
};

/// How often changes are folded.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often changes are looked for that this process does not know of.
const SEARCH_INTERVAL: Duration = Duration::from_mins(5);
/// How long after it has failed they are looked for again.
const SEARCH_PAUSE: Duration = Duration::from_secs(5);
/// How long a fold waits for cells that others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How many organizations are folded at a time: one that is stuck does not keep the
/// others.
const AT_ONCE: usize = 2;
/// Most changes that are folded in a transaction.
const MAX_CHANGES: u16 = 500;

/// The organizations in which this process has made changes since it last folded
/// them. Nobody has to ask the database which they are.
#[derive(Default)]
pub struct Unfolded(Mutex<BTreeSet<Uuid>>);

impl Unfolded {
    /// There may be changes in this organization.
    pub fn add(&self, organization_id: Uuid) {
        self.lock().insert(organization_id);
    }

    /// Folds changes every now and then, for ever.
    pub async fn keep_folded(&self, db: &Db) {
        let db = &db.with_lock_timeout(LOCK_TIMEOUT);
        join!(self.keep_searched(db), self.keep_known_folded(db));
    }

    /// Looks for what nobody knows of, for ever: what a process left behind when it
    /// ended, what was committed after its connection was lost.
    async fn keep_searched(&self, db: &Db) {
        loop {
            let pause = match self.search(db).await {
                Ok(()) => SEARCH_INTERVAL,
                Err(error) => {
                    tracing::warn!(error = error.chain(), "old changes are left for later");
                    SEARCH_PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn search(&self, db: &Db) -> Result<()> {
        for organization_id in db.organizations().await? {
            let any = db
                .read(Scope::Organization(organization_id), async |conn| {
                    cells::any_changes(conn, organization_id).await
                })
                .await?;
            if any {
                self.add(organization_id);
            }
        }
        Ok(())
    }

    /// Folds what is known of, for ever. What fails is warned of once, until it has
    /// succeeded again.
    async fn keep_known_folded(&self, db: &Db) {
        let mut stuck = BTreeSet::new();
        loop {
            let organizations = mem::take(&mut *self.lock());
            let mut folds = stream::iter(organizations)
                .map(async |id| (id, fold_counts(db, id).await))
                .buffer_unordered(AT_ONCE);
            while let Some((organization, outcome)) = folds.next().await {
                let Err(error) = outcome else {
                    stuck.remove(&organization);
                    continue;
                };
                self.add(organization);
                let error = error.chain();
                if stuck.insert(organization) {
                    tracing::warn!(error, %organization, "changes are left for later");
                } else {
                    tracing::debug!(error, %organization, "changes are left for later");
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
/// another process is folding, and those that are made meanwhile.
pub async fn fold_counts(db: &Db, organization_id: Uuid) -> Result<()> {
    while fold_some(db, organization_id).await? == usize::from(MAX_CHANGES) {}
    Ok(())
}

/// One transaction: a change is either a row or in the cells. The number of changes.
async fn fold_some(db: &Db, organization_id: Uuid) -> Result<usize> {
    db.transaction(Scope::Organization(organization_id), async |conn| {
        let ids = cells::lock_changes(conn, organization_id, MAX_CHANGES).await?;
        if !ids.is_empty() {
            let sums = cells::take(conn, organization_id, &ids).await?;
            cells::add(conn, organization_id, &sums).await?;
        }
        Ok(ids.len())
    })
    .await
}
