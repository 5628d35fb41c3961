//! The queries that change `contact_count_changes`, `lead_counts` and the loads of
//! operators; the cells are beside it.

pub mod cells;

use std::collections::BTreeMap;

use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rand::RngExt;

use super::{Counted, Counts, Kind};
use crate::{
    error::Result,
    ids::{self, OperatorId},
    platform::db::{Prepared, TenantTx, column},
};

/// How many rows share the number of an organization's leads.
const LEAD_SLOTS: i16 = 8;

/// Counts contacts that have changed: as what they were no longer, as what they
/// are from now on. Deleted ones are nothing any more.
pub async fn record<C: Into<Counted>>(
    tx: &TenantTx,
    before: impl IntoIterator<Item = C>,
    after: impl IntoIterator<Item = C>,
) -> Result<()> {
    let counts = Counts::of(before, after);
    apply(tx, &counts, &BTreeMap::new()).await
}

/// Says what comes and goes, in one row, and adds to the loads of operators that are
/// locked.
pub async fn apply(
    tx: &TenantTx,
    Counts(counts): &Counts,
    loads: &BTreeMap<OperatorId, i32>,
) -> Result<()> {
    if counts.is_empty() && loads.is_empty() {
        return Ok(());
    }
    let kinds: Vec<&Kind> = counts.keys().collect();
    let contacts: Vec<_> = counts.values().collect();
    let operators: Vec<_> = loads.keys().collect();
    let loads: Vec<_> = loads.values().collect();
    Prepared(
        sql_query(
            "WITH loads AS (
                 UPDATE operators AS o SET load = o.load + l.count
                 FROM unnest($9, $10) AS l (id, count)
                 WHERE o.organization_id = $1 AND o.id = l.id)
             INSERT INTO contact_count_changes (organization_id, id, source_ids, hours,
                 operator_ids, pool_ids, statuses, contacts)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE cardinality($8) > 0",
        )
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<SqlUuid, _>(ids::generate())
        .bind::<Array<SqlUuid>, _>(column(&kinds, |kind| kind.source_id))
        .bind::<Array<Timestamptz>, _>(column(&kinds, |kind| kind.hour))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(&kinds, |kind| kind.operator_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(column(&kinds, |kind| kind.pool_id))
        .bind::<Array<Text>, _>(column(&kinds, |kind| kind.status))
        .bind::<Array<Integer>, _>(contacts)
        .bind::<Array<SqlUuid>, _>(operators)
        .bind::<Array<Integer>, _>(loads),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// The row to count leads in.
pub fn lead_slot() -> i16 {
    rand::rng().random_range(0..LEAD_SLOTS)
}

/// Adds to the number of leads.
pub async fn add_leads(tx: &TenantTx, leads: i64) -> Result<()> {
    if leads == 0 {
        return Ok(());
    }
    Prepared(
        sql_query(
            "INSERT INTO lead_counts AS l (organization_id, slot, leads) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id, slot) DO UPDATE SET leads = l.leads + excluded.leads",
        )
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<SmallInt, _>(lead_slot())
        .bind::<BigInt, _>(leads),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}
