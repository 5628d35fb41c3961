//! The queries that change `contact_counts`, `lead_counts` and the loads of
//! operators, and how they are counted in SQL. The counts are locked after
//! everything else, and until the commit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use rand::RngExt;
use uuid::Uuid;

use super::{Cell, Change, Counts};
use crate::{
    contacts::store::Contact,
    db::{Conn, Prepared},
    distribution,
    error::Result,
};

/// How many rows share the number of an organization's leads.
const LEAD_SLOTS: i16 = 8;

/// How many contacts there are, in all and by status: for a SELECT.
pub const COUNTED: &str = "count(*) AS contacts,
    count(*) FILTER (WHERE status = 'NEW') AS new_contacts,
    count(*) FILTER (WHERE status = 'IN_PROGRESS') AS in_progress_contacts,
    count(*) FILTER (WHERE status = 'CLOSED') AS closed_contacts";

/// The cells of the contacts that were `counted` by source, hour, operator and
/// pool, in the organization `$1`: for a WITH. The same as [`Counts::cells`],
/// but for the cells of all hours. (OFFSET 0: pools are looked up one by one.)
pub const CELLS: &str = "drawn AS (
        SELECT source_id, hour, pool_id, sum(contacts)::bigint AS contacts
        FROM counted WHERE pool_id IS NOT NULL GROUP BY source_id, hour, pool_id
    ), cells AS (
        SELECT source_id, hour,
               coalesce(operator_id, '00000000-0000-0000-0000-000000000000') AS operator_id,
               new_contacts, in_progress_contacts, closed_contacts,
               CASE WHEN operator_id IS NOT NULL AND pool_id IS NULL
                    THEN contacts * 1000000000 ELSE 0 END AS expected_nanos
        FROM counted
      UNION ALL
        SELECT d.source_id, d.hour, (c ->> 'operator_id')::uuid, 0, 0, 0,
               d.contacts * (((c ->> 'weight')::bigint * 1000000000 + p.weight / 2) / p.weight)
        FROM drawn AS d, LATERAL (
            SELECT candidates, (SELECT sum((c ->> 'weight')::bigint)::bigint
                                FROM jsonb_array_elements(candidates) AS c) AS weight
            FROM candidate_pools WHERE organization_id = $1 AND id = d.pool_id OFFSET 0
        ) AS p, LATERAL jsonb_array_elements(p.candidates) AS c
    )";

/// Counts contacts that have changed: as what they were no longer, as what they
/// are from now on. Deleted ones are nothing any more.
pub async fn record<'a>(
    conn: &Conn,
    organization_id: Uuid,
    before: impl IntoIterator<Item = &'a Contact>,
    after: impl IntoIterator<Item = &'a Contact>,
) -> Result<()> {
    let mut counts = Counts::default();
    counts.add(before, -1);
    counts.add(after, 1);
    let pools = distribution::store::find_pools(conn, organization_id, &counts.pool_ids()).await?;
    apply(
        conn,
        organization_id,
        &counts.cells(&pools),
        &BTreeMap::new(),
    )
    .await
}

/// Adds to the counts, in the order of the cells, and to the loads of operators
/// that are locked. (An upsert, though most rows are there: it has one way only
/// to find them.)
pub async fn apply(
    conn: &Conn,
    organization_id: Uuid,
    cells: &BTreeMap<Cell, Change>,
    loads: &BTreeMap<Uuid, i32>,
) -> Result<()> {
    if cells.is_empty() && loads.is_empty() {
        return Ok(());
    }
    let operators: Vec<_> = loads.keys().collect();
    let loads: Vec<_> = loads.values().collect();
    let key = |value: fn(&Cell) -> Uuid| cells.keys().map(value).collect::<Vec<_>>();
    let number = |value: fn(&Change) -> i64| cells.values().map(value).collect::<Vec<_>>();
    let hours: Vec<Option<DateTime<Utc>>> = cells.keys().map(|cell| cell.hour).collect();
    Prepared(
        sql_query(
            "WITH loads AS (
                 UPDATE operators AS o SET load = o.load + l.count
                 FROM unnest($9, $10) AS l (id, count)
                 WHERE o.organization_id = $1 AND o.id = l.id)
             INSERT INTO contact_counts AS c (organization_id, source_id, hour, operator_id,
                 new_contacts, in_progress_contacts, closed_contacts, expected_nanos)
             SELECT $1, a.source_id, coalesce(a.hour, '-infinity'), a.operator_id,
                    a.new_contacts, a.in_progress_contacts, a.closed_contacts, a.expected_nanos
             FROM unnest($2, $3, $4, $5, $6, $7, $8)
                 AS a (source_id, hour, operator_id, new_contacts, in_progress_contacts,
                       closed_contacts, expected_nanos)
             ON CONFLICT (organization_id, source_id, hour, operator_id) DO UPDATE
             SET new_contacts = c.new_contacts + excluded.new_contacts,
                 in_progress_contacts = c.in_progress_contacts + excluded.in_progress_contacts,
                 closed_contacts = c.closed_contacts + excluded.closed_contacts,
                 expected_nanos = c.expected_nanos + excluded.expected_nanos",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<SqlUuid>, _>(key(|cell| cell.source_id))
        .bind::<Array<Nullable<Timestamptz>>, _>(hours)
        .bind::<Array<SqlUuid>, _>(key(|cell| cell.operator_id))
        .bind::<Array<BigInt>, _>(number(|change| change.new_contacts))
        .bind::<Array<BigInt>, _>(number(|change| change.in_progress_contacts))
        .bind::<Array<BigInt>, _>(number(|change| change.closed_contacts))
        .bind::<Array<BigInt>, _>(number(|change| change.expected_nanos))
        .bind::<Array<SqlUuid>, _>(operators)
        .bind::<Array<Integer>, _>(loads),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(())
}

/// The row to count leads in.
pub fn lead_slot() -> i16 {
    rand::rng().random_range(0..LEAD_SLOTS)
}

/// Adds to the number of leads.
pub async fn add_leads(conn: &Conn, organization_id: Uuid, leads: i64) -> Result<()> {
    if leads == 0 {
        return Ok(());
    }
    Prepared(
        sql_query(
            "INSERT INTO lead_counts AS l (organization_id, slot, leads) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id, slot) DO UPDATE SET leads = l.leads + excluded.leads",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<SmallInt, _>(lead_slot())
        .bind::<BigInt, _>(leads),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(())
}
