//! Attempts that were denied, counted: one event for each caller, method, reason
//! and hour, however often they try.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

pub use super::denial::Denial;
use super::store;
use crate::platform::db::{Db, Scope};

/// How often what was counted is written.
const PAUSE: Duration = Duration::from_secs(1);
/// How many different denials are counted at a time; more are not.
const MAX_COUNTED: usize = 10_000;

/// What was denied and is not written yet.
#[derive(Default)]
pub struct Denials(Mutex<HashMap<Denial, i64>>);

impl Denials {
    /// Counts.
    pub fn add(&self, denial: Denial) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() < MAX_COUNTED || counted.contains_key(&denial) {
            *counted.entry(denial).or_default() += 1;
        }
    }

    /// Writes what was counted, every now and then, for ever.
    pub async fn keep_written(self: &Arc<Self>, db: &Db) {
        loop {
            let counted = mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
            let mut by_organization: HashMap<Uuid, Vec<_>> = HashMap::new();
            for (denial, count) in counted {
                let denials = by_organization.entry(denial.organization_id).or_default();
                denials.push((denial, count));
            }
            for (organization_id, denials) in by_organization {
                let denials = &denials;
                let written = db.transaction(Scope::Organization(organization_id), async |conn| {
                    store::add_denials(conn, denials).await
                });
                if let Err(error) = written.await {
                    tracing::warn!(error = error.chain(), "denied attempts are not counted");
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
