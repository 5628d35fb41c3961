//! Leases: which process may run a task that one is enough for.

use std::time::Duration;

use diesel::{
    sql_query,
    sql_types::{Double, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    error::Result,
    platform::db::{Db, NoTenant},
};

/// The leases of one process.
#[derive(Clone)]
pub struct Leases {
    db: Db,
    holder: Uuid,
}

impl Leases {
    /// Leases that are taken in the name of `holder`.
    pub fn new(db: Db, holder: Uuid) -> Self {
        Self { db, holder }
    }

    /// Takes the lease of this name for `lasts`, or makes it last so long from now on if this
    /// process has it already. Returns whether this process has it: another has not, unless
    /// its lease has expired. The clock is the database's.
    pub async fn take(&self, name: &str, lasts: Duration) -> Result<bool> {
        let holder = self.holder;
        let seconds = lasts.as_secs_f64();
        self.db
            .transaction(NoTenant, async |conn| {
                let taken = sql_query(
                    "UPDATE background_leases
                     SET holder = $2, expire_time = now() + make_interval(secs => $3)
                     WHERE name = $1 AND (holder = $2 OR expire_time <= now())",
                )
                .bind::<Text, _>(name)
                .bind::<SqlUuid, _>(holder)
                .bind::<Double, _>(seconds)
                .execute(&mut &**conn)
                .await?;
                if taken > 0 {
                    return Ok(true);
                }
                let first = sql_query(
                    "INSERT INTO background_leases (name, holder, expire_time)
                     VALUES ($1, $2, now() + make_interval(secs => $3)) ON CONFLICT DO NOTHING",
                )
                .bind::<Text, _>(name)
                .bind::<SqlUuid, _>(holder)
                .bind::<Double, _>(seconds)
                .execute(&mut &**conn)
                .await?;
                Ok(first > 0)
            })
            .await
    }
}
