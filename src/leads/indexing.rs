//! New texts of leads are sorted into the index that searches use a moment after they were
//! written: they are found before, too, but that takes longer the more they are.

use std::time::Duration;

use super::store;
use crate::platform::{
    background::{Outcome, Report, Schedule, Task},
    db::{Db, NoTenant},
};

/// How often new texts are sorted into the index.
const INDEX_INTERVAL: Duration = Duration::from_millis(500);

/// Sorts new texts of leads into their index.
pub struct IndexLeadTexts {
    /// Where they are.
    pub db: Db,
}

impl Task for IndexLeadTexts {
    const NAME: &'static str = "index_lead_texts";

    fn schedule(&self) -> Schedule {
        Schedule::every(INDEX_INTERVAL)
    }

    async fn run_once(&self) -> Outcome {
        self.db
            .transaction(NoTenant, async |conn| store::index_new_texts(conn).await)
            .await?;
        Ok(Report::default())
    }
}
