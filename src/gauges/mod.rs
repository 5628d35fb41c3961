//! Gauges from the database: what the metrics say of all organizations together and only
//! the database knows. They are read every now and then, one organization after the
//! other, so that a metrics page costs the database nothing.

mod store;

use std::time::Duration;

use crate::{
    platform::{
        background::{Outcome, Report, Schedule, Task},
        db::Db,
        telemetry::metrics::{self, DbGauges},
    },
    verify,
};

/// Reads backlog, loads and pending deltas.
pub struct ReadDbGauges {
    /// What is read.
    pub db: Db,
    /// How often.
    pub interval: Duration,
}

impl Task for ReadDbGauges {
    const NAME: &'static str = "read_db_gauges";

    fn schedule(&self) -> Schedule {
        Schedule::every(self.interval)
    }

    /// Sums that lack an organization would be wrong: the gauges stay as they were.
    async fn run_once(&self) -> Outcome {
        let mut sum = DbGauges::default();
        let organizations = self.db.organizations().await?;
        for id in &organizations {
            let gauges = self
                .db
                .read(*id, async |tx| store::gauges(tx).await)
                .await?;
            sum.add(&gauges);
        }
        metrics::set_db_gauges(&sum);
        Ok(Report::of(organizations.len()))
    }
}

/// Compares what is counted with the rows, as `minicrm verify` does, for
/// `minicrm_counter_drift`. It reads all contacts.
pub struct VerifyCounts {
    /// What is compared.
    pub db: Db,
    /// How often.
    pub interval: Duration,
}

impl Task for VerifyCounts {
    const NAME: &'static str = "verify_counts";

    fn schedule(&self) -> Schedule {
        Schedule::every(self.interval).late()
    }

    async fn run_once(&self) -> Outcome {
        let wrong = verify::drift(&self.db).await?;
        metrics::set_drift(wrong);
        Ok(Report::of(wrong))
    }
}
