//! Attempts that were denied, counted: one event for each caller, method, reason
//! and hour, however often they try.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use super::denial::Denial;
use super::store;
use crate::{
    ids::OrganizationId,
    platform::{
        background::{Outcome, Schedule, Task, each_organization},
        db::Db,
    },
};

/// How often what was counted is written.
const PAUSE: Duration = Duration::from_secs(1);
/// How many different denials are counted at a time; more are not.
const MAX_COUNTED: usize = 10_000;

/// What was denied and is not written yet.
#[derive(Default)]
pub struct Denials(Mutex<HashMap<Denial, i64>>);

impl Denials {
    pub fn add(&self, denial: Denial) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() < MAX_COUNTED || counted.contains_key(&denial) {
            *counted.entry(denial).or_default() += 1;
        }
    }

    /// What was counted since the last time, by organization.
    fn take(&self) -> HashMap<OrganizationId, Vec<(Denial, i64)>> {
        let counted = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut by_organization: HashMap<OrganizationId, Vec<_>> = HashMap::new();
        for (denial, count) in counted {
            let denials = by_organization.entry(denial.organization_id).or_default();
            denials.push((denial, count));
        }
        by_organization
    }
}

/// Writes the denials that this process has counted. What cannot be written is not counted.
pub struct WriteDenials {
    /// Where they are written.
    pub db: Db,
    /// What is counted.
    pub denials: Arc<Denials>,
}

impl Task for WriteDenials {
    const NAME: &'static str = "write_denials";

    fn schedule(&self) -> Schedule {
        Schedule::every(PAUSE)
    }

    async fn run_once(&self) -> Outcome {
        let counted = self.denials.take();
        let organizations: Vec<_> = counted.keys().copied().collect();
        let counted = Arc::new(counted);
        each_organization(organizations, 1, |id| {
            let (db, counted) = (self.db.clone(), Arc::clone(&counted));
            async move {
                let denials = &counted[&id];
                db.transaction(id, async |tx| store::add_denials(tx, denials).await)
                    .await?;
                Ok(denials.len() as u64)
            }
        })
        .await
    }
}
