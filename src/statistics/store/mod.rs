//! The queries that change `contact_count_changes`, `lead_counts` and the loads of
//! operators; the rollups of contacts, and those of deals, are beside it.

pub mod contacts;
pub mod deals;

use std::collections::BTreeMap;

use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rand::RngExt;

use super::{Counts, Kind};
use crate::{
    error::Result,
    ids::{self, OperatorId},
    platform::db::{Prepared, TenantTx, column},
};

/// How many rows share the number of an organization's leads.
const LEAD_SLOTS: i16 = 8;

/// Says what comes and goes, in one row, and adds to the loads of operators that are
/// locked.
pub async fn add_contacts(
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
        sql_query(include_str!("add_contacts.sql"))
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
    #[expect(clippy::disallowed_methods, reason = "any will do: they are summed up")]
    let mut rng = rand::rng();
    rng.random_range(0..LEAD_SLOTS)
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
