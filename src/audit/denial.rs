//! An attempt that was denied.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::{actor::Identity, ids::OrganizationId};

/// What was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Denial {
    pub organization_id: OrganizationId,
    pub identity: Identity,
    pub method: &'static str,
    pub reason: &'static str,
    /// Within which hour.
    pub hour: DateTime<Utc>,
}

impl Denial {
    /// Something that was denied just now.
    pub fn now(
        organization_id: OrganizationId,
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
        let who = self.identity.as_uuid();
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
