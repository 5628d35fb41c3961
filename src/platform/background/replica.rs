//! The task that keeps an eye on the replica. (The database knows nothing of background work.)

use std::{sync::Arc, time::Duration};

use super::{
    schedule::Schedule,
    task::{Outcome, Report, Task},
};
use crate::platform::db::{Db, Replica};

/// How often the replica is compared with the primary.
const INTERVAL: Duration = Duration::from_secs(1);

/// Compares the replica with the primary, so that nobody reads from one that is behind.
pub struct CheckReplica {
    /// What the replica follows.
    pub primary: Db,
    /// The replica.
    pub replica: Arc<Replica>,
}

impl Task for CheckReplica {
    const NAME: &'static str = "check_replica";

    fn schedule(&self) -> Schedule {
        Schedule::every(INTERVAL)
    }

    async fn run_once(&self) -> Outcome {
        self.replica.compare(&self.primary).await?;
        Ok(Report::default())
    }
}
