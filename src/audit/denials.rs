//! Attempts that were denied, counted: one event for each caller, method, reason
//! and hour, however often they try.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::store;
use crate::{
    access::Identity,
    platform::db::{Db, Scope},
};

/// How often what was counted is written.
const PAUSE: Duration = Duration::from_secs(1);
/// How many different denials are counted at a time; more are not.
const MAX_COUNTED: usize = 10_000;

/// What was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Denial {
    /// The organization of the call.
    pub organization_id: Uuid,
    /// Who called.
    pub identity: Identity,
    /// What they called.
    pub method: &'static str,
    /// Why it was denied.
    pub reason: &'static str,
    /// Within which hour.
    pub hour: DateTime<Utc>,
}

impl Denial {
    /// Something that was denied just now.
    pub fn now(
        organization_id: Uuid,
        identity: Identity,
        method: &'static str,
        reason: &'static str,
    ) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "nothing is asked of the database"
        )]
        let now = Utc::now();
        Self {
            organization_id,
            identity,
            method,
            reason,
            hour: now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now),
        }
    }

    /// The id of its event: always the same, of the beginning of the hour.
    pub fn event_id(&self) -> Uuid {
        let who = self.identity.user_id().or(self.identity.api_key_id());
        let digest = Sha256::new()
            .chain_update(who.unwrap_or_default())
            .chain_update(self.method)
            .chain_update([0])
            .chain_update(self.reason)
            .finalize();
        let mut bits = [0; 10];
        bits.copy_from_slice(&digest[..10]);
        let millis = u64::try_from(self.hour.timestamp_millis()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &bits).into_uuid()
    }
}

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
