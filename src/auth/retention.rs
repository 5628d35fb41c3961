//! How sessions and tokens end: they are deleted some time after they have expired.

use std::time::Duration;

use super::store::{sessions, tokens};
use crate::platform::{
    background::{Outcome, Report, Schedule, Task},
    db::{Db, NoTenant},
};

/// How often sessions are looked for that have ended.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(10);

/// Deletes sessions and tokens that have ended.
pub struct SessionRetention {
    /// Where they are.
    pub db: Db,
}

impl Task for SessionRetention {
    const NAME: &'static str = "session_retention";

    fn schedule(&self) -> Schedule {
        Schedule::every(CLEANUP_INTERVAL).spread().leased()
    }

    async fn run_once(&self) -> Outcome {
        let mut deleted = 0;
        loop {
            let some = self
                .db
                .transaction(NoTenant, async |conn| {
                    Ok(sessions::delete_some_ended(conn).await?
                        + tokens::delete_some_ended(conn).await?)
                })
                .await?;
            if some == 0 {
                return Ok(Report::of(deleted));
            }
            deleted += some;
        }
    }
}
