//! The engine: contacts to take in, and changes that move load. Both need the rows of the
//! same operators, so they are done together, a batch in a transaction of two round trips:
//! the first reads and locks ([`load`]), then everything is decided in memory ([`mod@decide`]),
//! the second writes and commits ([`store`]).

mod decide;
mod load;
mod outcome;
pub mod plan;
#[cfg(test)]
mod simulation;
mod store;

use std::sync::Arc;

use futures_util::FutureExt;
use rand::Rng;
use tokio::time::Instant;
use uuid::Uuid;

use self::{
    decide::{Changes, Intake},
    load::Loaded,
    outcome::Outcome,
    plan::{Answer, Write},
};
use crate::{
    dispatch::{Roster, store::RecordedPools},
    error::Result,
    ids::OrganizationId,
    platform::{
        batch::Job,
        db::{Db, TenantTx},
        idempotency::CallerKey,
        telemetry::metrics,
    },
    recorder::Records,
    statistics::DirtyOrganizations,
};

/// What batches are written with.
pub struct Env {
    db: Db,
    recorded_pools: RecordedPools,
    dirty: Arc<DirtyOrganizations>,
}

impl Env {
    /// With this database, which is not to be waited for by others, telling of organizations
    /// whose counts have changed.
    pub fn new(db: Db, dirty: Arc<DirtyOrganizations>) -> Self {
        Self {
            db,
            recorded_pools: RecordedPools::default(),
            dirty,
        }
    }
}

impl Job for Write {
    type Env = Env;
    type Answer = Answer;

    const QUEUE: &'static str = "writes";

    /// The second of two with the same idempotency key reads the first's answer. So it is
    /// with the same id of two callers: only one of them can have the row it is found by.
    fn key(&self) -> Option<(&'static str, Uuid)> {
        Self::key(self).map(CallerKey::key)
    }

    /// The transaction has no deadline but those of the database: once it has begun, it is
    /// worth ending.
    async fn execute(
        env: &Env,
        organization_id: OrganizationId,
        _deadline: Instant,
        batch: &[&Self],
    ) -> Result<Vec<Result<Answer>>> {
        let Env {
            db,
            recorded_pools,
            dirty,
        } = env;
        db.transaction(organization_id, async |tx| {
            transact(tx, recorded_pools, batch).await
        })
        .inspect(|_| dirty.mark(organization_id))
        .await
    }
}

/// The transaction. An error rolls all of it back.
async fn transact(
    tx: &TenantTx,
    recorded_pools: &RecordedPools,
    batch: &[&Write],
) -> Result<Vec<Result<Answer>>> {
    let (loaded, mut outcome) = load::load(tx, batch).await?;
    #[expect(clippy::disallowed_methods, reason = "where randomness comes in")]
    let (changes, intake, roster) = decide(&mut rand::rng(), loaded, &mut outcome);
    let pools = recorded_pools.unrecorded(&roster)?;
    #[expect(clippy::disallowed_methods, reason = "where randomness comes in")]
    let records = Records::of_batch(&mut rand::rng(), roster.time, &outcome.events);
    let written = store::write(tx, &pools, &changes, &intake, &outcome, &records);
    tx.commit_with(written).await?;
    recorded_pools.add(&pools);
    let (assigned, backlog) = intake.outcomes();
    metrics::taken_in(assigned, backlog);
    Ok(outcome.answers())
}

/// Decides about all that is still open. What is closed makes room for what comes in.
fn decide<'a>(
    rng: &mut impl Rng,
    loaded: Loaded<'a>,
    outcome: &mut Outcome<'a>,
) -> (Changes, Intake, Roster) {
    let Loaded {
        new,
        changes,
        leads,
        contacts,
        sources,
        mut roster,
        linked,
    } = loaded;
    let changes = Changes::make(rng, contacts, linked, &mut roster, &changes, outcome);
    let intake = Intake::decide(rng, leads, &sources, &mut roster, &new, outcome);
    (changes, intake, roster)
}
