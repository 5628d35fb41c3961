//! Every query that compares what is counted as it changes with the rows. Each
//! is one statement: it sees counts and rows as of one moment.

use std::collections::BTreeMap;

use diesel::{
    QueryableByName,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Integer, Uuid as SqlUuid},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use crate::{
    error::Result,
    ids::OperatorId,
    platform::db::TenantTx,
    schema::organizations,
    statistics::store::{
        contacts::{self, ContactDelta, ContactRollup, HOURS, KINDS, RollupRow, SPANS},
        deals as counts,
    },
};

/// Allows the transaction to read whole tables, and to take its time with them.
pub async fn prepare(tx: &TenantTx) -> Result<()> {
    let settings = "SET LOCAL statement_timeout = 0; \
         SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL enable_seqscan = on";
    Ok(tx.conn().batch_execute(settings).await?)
}

/// Locks an organization, so that no two repairs correct the same. Nobody else
/// waits for this.
pub async fn lock(tx: &TenantTx) -> Result<()> {
    organizations::table
        .find(tx.organization_id())
        .select(organizations::id)
        .for_no_key_update()
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct LoadRow {
    #[diesel(sql_type = SqlUuid)]
    id: OperatorId,
    #[diesel(sql_type = Integer)]
    missing: i32,
}

/// What the loads of operators lack, by id.
pub async fn loads(tx: &TenantTx) -> Result<Vec<(OperatorId, i32)>> {
    let rows: Vec<LoadRow> = sql_query(include_str!("loads.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .get_results(&mut tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.missing)).collect())
}

/// What the counts of contacts lack: changes that are not folded yet are as good as
/// counted.
pub async fn contacts(tx: &TenantTx) -> Result<BTreeMap<ContactRollup, ContactDelta>> {
    let sums = contacts::sums_of("compared");
    let rows: Vec<RollupRow> = sql_query(format!(
        "WITH seen AS (
             SELECT source_id, date_trunc('hour', create_time, 'UTC') AS hour, operator_id,
                    pool_id, status, 1 AS contacts
             FROM contacts WHERE organization_id = $1
           UNION ALL
             SELECT k.source_id, k.hour, k.operator_id, k.pool_id, k.status, -k.contacts
             FROM contact_count_changes AS c, {KINDS} WHERE c.organization_id = $1
         ), {HOURS}, {SPANS}, compared AS (
             SELECT * FROM spans
           UNION ALL
             SELECT span, source_id, start_time, operator_id, -new_contacts,
                    -in_progress_contacts, -closed_contacts, -expected_nanos
             FROM contact_cells WHERE organization_id = $1
         )
         {sums}"
    ))
    .bind::<SqlUuid, _>(tx.organization_id())
    .get_results(&mut tx.conn())
    .await?;
    Ok(contacts::in_order(rows))
}

#[derive(Debug, QueryableByName)]
struct DealsRow {
    #[diesel(embed)]
    rollup: counts::DealRollup,
    #[diesel(embed)]
    change: counts::DealDelta,
}

/// What the counts of deals lack.
pub async fn deals(tx: &TenantTx) -> Result<BTreeMap<counts::DealRollup, counts::DealDelta>> {
    let rows: Vec<DealsRow> = sql_query(include_str!("deals.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .get_results(&mut tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.rollup, row.change))
        .collect())
}

#[derive(Debug, QueryableByName)]
struct LeadsRow {
    #[diesel(sql_type = BigInt)]
    missing: i64,
}

/// What the number of leads lacks.
pub async fn leads(tx: &TenantTx) -> Result<i64> {
    let row: LeadsRow = sql_query(
        "SELECT (SELECT count(*) FROM leads WHERE organization_id = $1)
              - (SELECT coalesce(sum(leads), 0) FROM lead_counts
                 WHERE organization_id = $1)::bigint AS missing",
    )
    .bind::<SqlUuid, _>(tx.organization_id())
    .get_result(&mut tx.conn())
    .await?;
    Ok(row.missing)
}
