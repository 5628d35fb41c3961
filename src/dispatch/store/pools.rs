//! Keeps the pools that decisions were made from.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, Jsonb, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    dispatch::{Pool, Roster},
    error::{Error, Result},
    platform::db::{Conn, Prepared, column},
    schema::candidate_pools,
};

/// Ids of pools that are kept already. They are never deleted, so they need not
/// be sent again.
#[derive(Debug, Default)]
pub struct KnownPools(Mutex<HashSet<Uuid>>);

/// How many ids of pools are remembered.
const MAX_KNOWN: usize = 10_000;

impl KnownPools {
    /// The rows of those pools of the roster that are not known.
    pub fn unknown(&self, roster: &Roster) -> Result<Vec<PoolRow>> {
        let known = self.lock();
        let unknown = roster.used_pools().iter();
        let unknown = unknown.filter(|(id, _)| !known.contains(id));
        unknown.map(|(id, pool)| PoolRow::new(*id, pool)).collect()
    }

    /// These rows have been committed.
    pub fn add(&self, rows: &[PoolRow]) {
        let mut known = self.lock();
        if known.len() + rows.len() > MAX_KNOWN {
            known.clear();
        }
        known.extend(rows.iter().map(|row| row.id));
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool as it is kept.
#[derive(Debug)]
pub struct PoolRow {
    id: Uuid,
    source_id: Uuid,
    candidates: Value,
    excluded: Value,
}

impl PoolRow {
    fn new(id: Uuid, pool: &Pool) -> Result<Self> {
        Ok(Self {
            id,
            source_id: pool.source_id,
            candidates: serde_json::to_value(&pool.candidates).map_err(Error::internal)?,
            excluded: serde_json::to_value(&pool.excluded).map_err(Error::internal)?,
        })
    }
}

/// Keeps pools that decisions were made from; some may be there already.
pub async fn save_pools(conn: &Conn, organization_id: Uuid, rows: &[PoolRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // In one order everywhere, so that two groups do not wait for each other.
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| row.id);
    Prepared(
        sql_query(
            "INSERT INTO candidate_pools (organization_id, id, source_id, candidates, excluded)
             SELECT $1, p.* FROM unnest($2, $3, $4, $5) AS p
             ON CONFLICT DO NOTHING",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(column(&rows, |row| row.id))
        .bind::<Array<SqlUuid>, _>(column(&rows, |row| row.source_id))
        .bind::<Array<Jsonb>, _>(column(&rows, |row| &row.candidates))
        .bind::<Array<Jsonb>, _>(column(&rows, |row| &row.excluded)),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(())
}

/// Pools by id.
pub async fn find_pools(
    mut conn: &Conn,
    organization_id: Uuid,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Pool>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, Uuid, Value, Value)> = candidate_pools::table
        .filter(candidate_pools::organization_id.eq(organization_id))
        .filter(candidate_pools::id.eq_any(ids))
        .select((
            candidate_pools::id,
            candidate_pools::source_id,
            candidate_pools::candidates,
            candidate_pools::excluded,
        ))
        .load(&mut conn)
        .await?;
    rows.into_iter()
        .map(|(id, source_id, candidates, excluded)| {
            let internal = |error: serde_json::Error| Error::internal(error);
            let candidates = serde_json::from_value(candidates).map_err(internal)?;
            let excluded = serde_json::from_value(excluded).map_err(internal)?;
            Ok((
                id,
                Pool {
                    source_id,
                    candidates,
                    excluded,
                },
            ))
        })
        .collect()
}
