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
    deals::store::counts,
    error::Result,
    ids::OperatorId,
    platform::db::TenantTx,
    schema::organizations,
    statistics::store::cells::{self, Cell, CellRow, Change, HOURS, KINDS, SPANS},
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
    let rows: Vec<LoadRow> = sql_query(
        "SELECT o.id, coalesce(c.active, 0)::integer - o.load AS missing
         FROM operators AS o
         LEFT JOIN (
             SELECT operator_id, count(*) AS active FROM contacts
             WHERE organization_id = $1 AND status <> 'CLOSED' GROUP BY operator_id
         ) AS c ON c.operator_id = o.id
         WHERE o.organization_id = $1 AND o.load <> coalesce(c.active, 0)
         ORDER BY o.id",
    )
    .bind::<SqlUuid, _>(tx.organization_id())
    .get_results(&mut tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.missing)).collect())
}

/// What the counts of contacts lack: changes that are not folded yet are as good as
/// counted.
pub async fn cells(tx: &TenantTx) -> Result<BTreeMap<Cell, Change>> {
    let sums = cells::sums_of("compared");
    let rows: Vec<CellRow> = sql_query(format!(
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
    Ok(cells::in_order(rows))
}

#[derive(Debug, QueryableByName)]
struct DealsRow {
    #[diesel(embed)]
    cell: counts::Cell,
    #[diesel(embed)]
    change: counts::Change,
}

/// What the counts of deals lack.
pub async fn deals(tx: &TenantTx) -> Result<BTreeMap<counts::Cell, counts::Change>> {
    let rows: Vec<DealsRow> = sql_query(
        "WITH counted AS (
             SELECT owner_user_id, date_trunc('hour', create_time, 'UTC') AS hour, currency,
                    status, stage, reached_stage, count(*) AS deals,
                    sum(amount_thousandths) * 0.001 AS amount
             FROM deals WHERE organization_id = $1
             GROUP BY owner_user_id, date_trunc('hour', create_time, 'UTC'), currency, status,
                      stage, reached_stage
         ), compared AS (
             SELECT o.owner_user_id, s.span, s.start_time, currency, status, stage, reached_stage,
                    deals, amount
             FROM counted AS c, LATERAL (
                 SELECT '00000000-0000-0000-0000-000000000000'::uuid AS owner_user_id
               UNION
                 SELECT c.owner_user_id WHERE c.owner_user_id IS NOT NULL) AS o,
             LATERAL (VALUES
                 ('ALL', '-infinity'::timestamptz),
                 ('DAY', date_trunc('day', c.hour, 'UTC')),
                 ('HOUR', c.hour)) AS s (span, start_time)
           UNION ALL
             SELECT owner_user_id, span, start_time, currency, status, stage, reached_stage,
                    -deals, -amount
             FROM deal_counts WHERE organization_id = $1
         )
         SELECT owner_user_id, span, nullif(start_time, '-infinity') AS start_time, currency,
                status, stage, reached_stage, sum(deals)::bigint AS deals, sum(amount) AS amount
         FROM compared
         GROUP BY owner_user_id, span, compared.start_time, currency, status, stage, reached_stage
         HAVING sum(deals) <> 0 OR sum(amount) <> 0",
    )
    .bind::<SqlUuid, _>(tx.organization_id())
    .get_results(&mut tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.cell, row.change)).collect())
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
