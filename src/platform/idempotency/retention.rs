//! How answers end: after a day, or with what they tell of. (The index by time has a
//! condition: only statements that say it use it.)

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Binary, Double, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    error::Result,
    ids::OrganizationId,
    platform::{
        background::{Outcome, Schedule, Task, each_organization},
        db::{Db, TenantTx},
    },
};

/// How long answers are kept.
const RETENTION: Duration = Duration::from_hours(24);
/// How often older ones are looked for.
const CLEANUP_INTERVAL: Duration = Duration::from_mins(10);
/// How many are deleted in one statement.
const CLEANUP_BATCH: i64 = 1000;

/// Deletes answers that are old enough.
pub struct IdempotencyRetention {
    /// Where they are.
    pub db: Db,
}

impl Task for IdempotencyRetention {
    const NAME: &'static str = "idempotency_retention";

    fn schedule(&self) -> Schedule {
        Schedule::every(CLEANUP_INTERVAL).spread().leased()
    }

    async fn run_once(&self) -> Outcome {
        let organizations = self.db.organizations().await?;
        each_organization(organizations, 1, |id| {
            let db = self.db.clone();
            async move { delete_old(&db, id).await }
        })
        .await
    }
}

async fn delete_old(db: &Db, organization_id: OrganizationId) -> Result<u64> {
    let mut deleted = 0;
    loop {
        match delete_some(db, organization_id).await? {
            0 => return Ok(deleted),
            some => deleted += u64::try_from(some).unwrap_or(u64::MAX),
        }
    }
}

async fn delete_some(db: &Db, organization_id: OrganizationId) -> Result<usize> {
    db.transaction(organization_id, async |tx| {
        Ok(sql_query(include_str!("delete_some.sql"))
            .bind::<SqlUuid, _>(organization_id)
            .bind::<Double, _>(RETENTION.as_secs_f64())
            .bind::<BigInt, _>(CLEANUP_BATCH)
            .execute(&mut tx.conn())
            .await?)
    })
    .await
}

/// Empties the answers that say anything of these things, which are not older than
/// that. (Answers are as old as their transaction, which lasts a minute at most.)
pub async fn forget(tx: &TenantTx, since: DateTime<Utc>, ids: &[Uuid]) -> Result<()> {
    let ids: Vec<_> = ids.iter().map(|id| id.to_string().into_bytes()).collect();
    sql_query(include_str!("forget.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Timestamptz, _>(since)
        .bind::<Array<Binary>, _>(ids)
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// The same for a thing that is gone, as far as it was answered at these times: reading
/// all answers would be too much for what happens often.
pub async fn forget_at(
    tx: &TenantTx,
    times: impl IntoIterator<Item = DateTime<Utc>>,
    id: Uuid,
) -> Result<()> {
    let minutes: BTreeSet<_> = times
        .into_iter()
        .filter_map(|time| time.duration_trunc(TimeDelta::minutes(1)).ok())
        .collect();
    // An answer is as old as its transaction, which has read the time later.
    sql_query(include_str!("forget_at.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<Timestamptz>, _>(minutes.into_iter().collect::<Vec<_>>())
        .bind::<Binary, _>(id.to_string().into_bytes())
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}
