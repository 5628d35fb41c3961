//! Count deltas, folded into the rollups: a moment later, and not by those who make them.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::store::contacts;
use crate::{
    error::Result,
    ids::OrganizationId,
    platform::{
        background::{Outcome, Schedule, Task, each_organization},
        db::Db,
    },
};

/// How often deltas are folded.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often deltas are looked for that no process knows of.
const SCAN_INTERVAL: Duration = Duration::from_mins(5);
/// How long a fold waits for rollups that others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How many organizations are folded at a time: one that is stuck does not keep the
/// others.
const AT_ONCE: usize = 2;
/// Most deltas that are folded in a transaction.
const MAX_CHANGES: u16 = 500;

/// The organizations with pending count deltas, as far as this process knows: those in which
/// it has made some since it last folded them. Nobody has to ask the database which they are.
#[derive(Default)]
pub struct DirtyOrganizations(Mutex<BTreeSet<OrganizationId>>);

impl DirtyOrganizations {
    /// There may be deltas in this organization.
    pub fn mark(&self, organization_id: OrganizationId) {
        self.lock().insert(organization_id);
    }

    fn take(&self) -> BTreeSet<OrganizationId> {
        mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<OrganizationId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Folds the deltas of dirty organizations. One in which that fails stays dirty.
pub struct FoldCountDeltas {
    db: Db,
    dirty: Arc<DirtyOrganizations>,
}

impl FoldCountDeltas {
    /// For what this process knows to be dirty.
    pub fn new(db: &Db, dirty: Arc<DirtyOrganizations>) -> Self {
        let db = db.with_lock_timeout(LOCK_TIMEOUT);
        Self { db, dirty }
    }
}

impl Task for FoldCountDeltas {
    const NAME: &'static str = "fold_count_deltas";

    fn schedule(&self) -> Schedule {
        Schedule::every(INTERVAL)
    }

    async fn run_once(&self) -> Outcome {
        each_organization(self.dirty.take(), AT_ONCE, |id| {
            let db = self.db.clone();
            async move {
                let folded = fold_counts(&db, id).await;
                if folded.is_err() {
                    self.dirty.mark(id);
                }
                folded.map(|()| 1)
            }
        })
        .await
    }
}

/// Finds organizations with deltas that nobody knows of: what a process left behind when it
/// ended, what was committed after its connection was lost. They are dirty here from then on.
pub struct OrphanScan {
    /// Where the deltas are.
    pub db: Db,
    /// What folds them.
    pub dirty: Arc<DirtyOrganizations>,
}

impl Task for OrphanScan {
    const NAME: &'static str = "orphan_scan";

    fn schedule(&self) -> Schedule {
        Schedule::every(SCAN_INTERVAL).leased()
    }

    async fn run_once(&self) -> Outcome {
        let organizations = self.db.organizations().await?;
        each_organization(organizations, 1, |id| {
            let db = self.db.clone();
            async move {
                let any = db
                    .read(id, async |tx| contacts::any_changes(tx).await)
                    .await?;
                if any {
                    self.dirty.mark(id);
                }
                Ok(any.into())
            }
        })
        .await
    }
}

/// Folds all changes in an organization, whoever made them, but for those that
/// another process is folding, and those that are made meanwhile.
pub async fn fold_counts(db: &Db, organization_id: OrganizationId) -> Result<()> {
    while fold_some(db, organization_id).await? == usize::from(MAX_CHANGES) {}
    Ok(())
}

/// One transaction: a change is either a row or in the rollups. The number of changes.
async fn fold_some(db: &Db, organization_id: OrganizationId) -> Result<usize> {
    db.transaction(organization_id, async |tx| {
        let ids = contacts::lock_changes(tx, MAX_CHANGES).await?;
        if !ids.is_empty() {
            let sums = contacts::take(tx, &ids).await?;
            contacts::add(tx, &sums).await?;
        }
        Ok(ids.len())
    })
    .await
}
