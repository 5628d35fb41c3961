//! A replica, for reads that need not see the last changes. It is asked only while
//! it is known to be there, and not far behind.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{sleep, timeout};

use super::{Db, TenantBulkhead};
use crate::error::{Error, Result};

/// How long a statement waits for a lock. Only the replay of changes holds any.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long it may take to get where the primary was. Until a replica that falls
/// behind is given up, it is at most twice that and the pause between comparisons old.
const MAX_LAG: Duration = Duration::from_secs(4);
/// How long to wait before looking again how far it has got.
const PAUSE: Duration = Duration::from_millis(50);

/// A copy of the database that follows it.
pub struct Replica {
    db: Db,
    near: AtomicBool,
}

impl Replica {
    /// A pool of at most `size` connections to `url`; none is opened yet.
    pub fn new(url: &str, size: usize) -> Result<Self> {
        let db = Db::new(url, size, LOCK_TIMEOUT)?.named("replica");
        Ok(Self {
            db: db.within_bulkhead(&Arc::new(TenantBulkhead::new(size))),
            near: AtomicBool::new(false),
        })
    }

    /// The replica, while it is near to the primary.
    pub fn db(&self) -> Option<&Db> {
        self.near.load(Ordering::Relaxed).then_some(&self.db)
    }

    /// Tells the metrics how many connections there are.
    pub fn measure(&self) {
        self.db.measure();
    }

    /// Closes the connections.
    pub fn close(&self) {
        self.db.close();
    }

    /// Compares it with the primary. From then on it is read from if it is near, and not if
    /// it is gone or behind, which is an error.
    pub async fn compare(&self, primary: &Db) -> Result<()> {
        let reached = timeout(MAX_LAG, self.reaches(primary)).await;
        let outcome = reached.unwrap_or(Err(Error::DeadlineExceeded));
        let near = outcome.is_ok();
        match (self.near.swap(near, Ordering::Relaxed), near) {
            (false, true) => tracing::info!("reading lists from the replica"),
            (true, false) => {
                tracing::warn!("replica unavailable or behind, reading lists from the primary");
            }
            _ => {}
        }
        outcome
    }

    /// Waits until it is where the primary is now.
    async fn reaches(&self, primary: &Db) -> Result<()> {
        let written = primary.log_position().await?;
        while self.db.log_position().await? < written {
            sleep(PAUSE).await;
        }
        Ok(())
    }
}
