//! Records what decisions were made on.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, Jsonb, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    dispatch::{Basis, Pool, Roster, Shares, pick::Candidate},
    error::{Error, Result},
    ids::{OperatorId, PoolId, SourceId},
    platform::db::{Prepared, TenantTx, column},
    schema::candidate_pools,
};

/// Ids of pools that are recorded already. They are never deleted, so they need not
/// be sent again.
#[derive(Debug, Default)]
pub struct RecordedPools(Mutex<HashSet<PoolId>>);

/// How many ids of pools are remembered.
const MAX_REMEMBERED: usize = 10_000;

impl RecordedPools {
    /// The rows of what decisions on the roster were made on, as far as nobody has recorded them.
    pub fn unrecorded(&self, roster: &Roster) -> Result<Vec<PoolRow>> {
        let recorded = self.lock();
        let bases = roster.bases().iter();
        bases
            .filter(|(id, _)| !recorded.contains(id))
            .map(|(id, basis)| PoolRow::new(*id, basis))
            .collect()
    }

    /// These rows have been committed.
    pub fn add(&self, rows: &[PoolRow]) {
        let mut recorded = self.lock();
        if recorded.len() + rows.len() > MAX_REMEMBERED {
            recorded.clear();
        }
        recorded.extend(rows.iter().map(|row| row.id));
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<PoolId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pool as it is recorded.
#[derive(Debug)]
pub struct PoolRow {
    id: PoolId,
    source_id: SourceId,
    strategy: &'static str,
    candidates: Value,
    excluded: Value,
}

/// A candidate as it is recorded.
#[derive(Debug, Serialize, Deserialize)]
struct CandidateRow {
    operator_id: OperatorId,
    weight: u32,
    /// Absent in pools of before it was recorded: by weighted random it is the weight.
    share: Option<u64>,
}

impl PoolRow {
    fn new(id: PoolId, basis: &Basis) -> Result<Self> {
        let pool = &basis.pool;
        let candidates = pool.candidates.iter().zip(basis.expected.parts());
        let candidates: Vec<_> = candidates
            .map(|(candidate, share)| CandidateRow {
                operator_id: candidate.operator_id,
                weight: candidate.weight,
                share: Some(*share),
            })
            .collect();
        Ok(Self {
            id,
            source_id: pool.source_id,
            strategy: basis.strategy,
            candidates: serde_json::to_value(candidates).map_err(Error::internal)?,
            excluded: serde_json::to_value(&pool.excluded).map_err(Error::internal)?,
        })
    }
}

/// Records pools that decisions were made on; some may be there already.
pub async fn save_pools(tx: &TenantTx, rows: &[PoolRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // In one order everywhere, so that two batches do not wait for each other.
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| row.id);
    Prepared(
        sql_query(include_str!("save_pools.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<SqlUuid>, _>(column(&rows, |row| row.id))
            .bind::<Array<SqlUuid>, _>(column(&rows, |row| row.source_id))
            .bind::<Array<Text>, _>(column(&rows, |row| row.strategy))
            .bind::<Array<Jsonb>, _>(column(&rows, |row| &row.candidates))
            .bind::<Array<Jsonb>, _>(column(&rows, |row| &row.excluded)),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// Pools by id, each with what was to be expected of a choice from it.
pub async fn find_pools(tx: &TenantTx, ids: &[PoolId]) -> Result<HashMap<PoolId, (Pool, Shares)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(PoolId, SourceId, Value, Value)> = candidate_pools::table
        .filter(candidate_pools::organization_id.eq(tx.organization_id()))
        .filter(candidate_pools::id.eq_any(ids))
        .select((
            candidate_pools::id,
            candidate_pools::source_id,
            candidate_pools::candidates,
            candidate_pools::excluded,
        ))
        .load(&mut tx.conn())
        .await?;
    rows.into_iter()
        .map(|(id, source_id, candidates, excluded)| {
            let internal = |error: serde_json::Error| Error::internal(error);
            let rows: Vec<CandidateRow> = serde_json::from_value(candidates).map_err(internal)?;
            let (candidates, shares) = rows
                .into_iter()
                .map(
                    |CandidateRow {
                         operator_id,
                         weight,
                         share,
                     }| {
                        let candidate = Candidate {
                            operator_id,
                            weight,
                        };
                        (candidate, share.unwrap_or_else(|| weight.into()))
                    },
                )
                .unzip();
            let pool = Pool {
                source_id,
                candidates,
                excluded: serde_json::from_value(excluded).map_err(internal)?,
            };
            Ok((id, (pool, Shares::new(shares))))
        })
        .collect()
}
