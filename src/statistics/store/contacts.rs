//! The rollups of contacts (`contact_cells`), and how they are computed, in SQL. They
//! are locked in their order, after everything else, and until the commit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::exists,
    prelude::*,
    select, sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::{
    error::Result,
    ids::{OperatorId, SourceId},
    platform::db::{Prepared, TenantTx, column},
    schema::contact_count_changes,
    statistics::Bucket,
};

/// A rollup of contacts: what those have in common that it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct ContactRollup {
    /// The kind of bucket they were created in.
    #[diesel(sql_type = Text)]
    pub span: Bucket,
    /// Their source.
    #[diesel(sql_type = SqlUuid)]
    pub source_id: SourceId,
    /// When the bucket begins; none for all contacts.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub start_time: Option<DateTime<Utc>>,
    /// Who has them; nil for the backlog.
    #[diesel(sql_type = SqlUuid)]
    pub operator_id: OperatorId,
}

/// By how much the numbers of a rollup change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct ContactDelta {
    /// Contacts that are `NEW`.
    #[diesel(sql_type = BigInt)]
    pub new_contacts: i64,
    /// Contacts that are `IN_PROGRESS`.
    #[diesel(sql_type = BigInt)]
    pub in_progress_contacts: i64,
    /// Contacts that are `CLOSED`.
    #[diesel(sql_type = BigInt)]
    pub closed_contacts: i64,
    /// Billionths of contacts that were to be expected: whole numbers, so that what
    /// was added can be taken back.
    #[diesel(sql_type = BigInt)]
    pub expected_nanos: i64,
}

/// The row of a rollup, or what is added to it.
#[derive(Debug, QueryableByName)]
pub struct RollupRow {
    #[diesel(embed)]
    rollup: ContactRollup,
    #[diesel(embed)]
    change: ContactDelta,
}

/// What a row `c` of `contact_count_changes` says, a row for each kind of contacts:
/// for a FROM.
pub const KINDS: &str = "LATERAL unnest(c.source_ids, c.hours, c.operator_ids, c.pool_ids,
        c.statuses, c.contacts) AS k (source_id, hour, operator_id, pool_id, status, contacts)";

/// What the `seen` numbers of contacts, by source, hour, operator, pool and status,
/// in the organization `$1` count for in the rollups of hours: for a WITH. What was to be
/// expected is what the decision recorded with its pool: each candidate's share, out of
/// the sum of all, to the billionth. (Pools of before shares were recorded are of weighted
/// random, whose shares are the weights. OFFSET 0: pools are looked up one by one.)
pub const HOURS: &str = "counted AS (
        SELECT source_id, hour, operator_id, pool_id, sum(contacts)::bigint AS contacts,
               coalesce(sum(contacts) FILTER (WHERE status = 'NEW'), 0) AS new_contacts,
               coalesce(sum(contacts) FILTER (WHERE status = 'IN_PROGRESS'), 0)
                   AS in_progress_contacts,
               coalesce(sum(contacts) FILTER (WHERE status = 'CLOSED'), 0) AS closed_contacts
        FROM seen GROUP BY source_id, hour, operator_id, pool_id
    ), drawn AS (
        SELECT source_id, hour, pool_id, sum(contacts)::bigint AS contacts
        FROM counted WHERE pool_id IS NOT NULL GROUP BY source_id, hour, pool_id
    ), hours AS (
        SELECT source_id, hour,
               coalesce(operator_id, '00000000-0000-0000-0000-000000000000') AS operator_id,
               new_contacts, in_progress_contacts, closed_contacts,
               CASE WHEN operator_id IS NOT NULL AND pool_id IS NULL
                    THEN contacts * 1000000000 ELSE 0 END AS expected_nanos
        FROM counted
      UNION ALL
        SELECT d.source_id, d.hour, e.operator_id, 0, 0, 0,
               d.contacts * ((e.share * 1000000000 + e.whole / 2) / e.whole)
        FROM drawn AS d, LATERAL (
            SELECT candidates FROM candidate_pools
            WHERE organization_id = $1 AND id = d.pool_id OFFSET 0
        ) AS p, LATERAL (
            SELECT r.operator_id, s.share, (sum(s.share) OVER ())::bigint AS whole
            FROM jsonb_to_recordset(p.candidates)
                     AS r (operator_id uuid, weight bigint, share bigint),
                 LATERAL (SELECT coalesce(r.share, r.weight) AS share) AS s
        ) AS e
        WHERE d.contacts <> 0
    )";

/// The same for the rollups of all buckets.
pub const SPANS: &str = "spans AS (
        SELECT s.span, source_id, s.start_time, operator_id, new_contacts,
               in_progress_contacts, closed_contacts, expected_nanos
        FROM hours, LATERAL (VALUES
            ('ALL', '-infinity'::timestamptz),
            ('DAY', date_trunc('day', hour, 'UTC')),
            ('HOUR', hour)) AS s (span, start_time)
    )";

/// All contacts by operator (nil for the backlog) and status, as rows to sum up: for a
/// WITH.
pub fn totals() -> String {
    format!(
        "totals AS (
             SELECT operator_id, new_contacts, in_progress_contacts, closed_contacts
             FROM contact_cells WHERE organization_id = $1 AND span = 'ALL'
           UNION ALL
             SELECT coalesce(k.operator_id, '00000000-0000-0000-0000-000000000000'),
                    CASE k.status WHEN 'NEW' THEN k.contacts ELSE 0 END,
                    CASE k.status WHEN 'IN_PROGRESS' THEN k.contacts ELSE 0 END,
                    CASE k.status WHEN 'CLOSED' THEN k.contacts ELSE 0 END
             FROM contact_count_changes AS c, {KINDS} WHERE c.organization_id = $1
         )"
    )
}

/// Sums up what is in `part` of a WITH, by rollups; those that are zero are left out.
pub fn sums_of(part: &str) -> String {
    format!(
        "SELECT span, source_id, nullif(start_time, '-infinity') AS start_time, operator_id,
                sum(new_contacts)::bigint AS new_contacts,
                sum(in_progress_contacts)::bigint AS in_progress_contacts,
                sum(closed_contacts)::bigint AS closed_contacts,
                sum(expected_nanos)::bigint AS expected_nanos
         FROM {part}
         GROUP BY span, source_id, {part}.start_time, operator_id
         HAVING sum(new_contacts) <> 0 OR sum(in_progress_contacts) <> 0
             OR sum(closed_contacts) <> 0 OR sum(expected_nanos) <> 0"
    )
}

/// The changes of rollups, in their order.
pub fn in_order(rows: Vec<RollupRow>) -> BTreeMap<ContactRollup, ContactDelta> {
    rows.into_iter()
        .map(|row| (row.rollup, row.change))
        .collect()
}

pub async fn any_changes(tx: &TenantTx) -> Result<bool> {
    let any = contact_count_changes::table
        .filter(contact_count_changes::organization_id.eq(tx.organization_id()));
    Ok(select(exists(any)).get_result(&mut tx.conn()).await?)
}

/// Locks the oldest changes, at most so many, and those only that nobody else has
/// locked: their ids. (By the index in its order: that marks the entries of those
/// taken before, so that nobody looks at them again.)
pub async fn lock_changes(tx: &TenantTx, most: u16) -> Result<Vec<Uuid>> {
    tx.conn()
        .batch_execute("SET LOCAL enable_bitmapscan = off")
        .await?;
    Ok(contact_count_changes::table
        .filter(contact_count_changes::organization_id.eq(tx.organization_id()))
        .order(contact_count_changes::id)
        .limit(most.into())
        .select(contact_count_changes::id)
        .for_update()
        .skip_locked()
        .load(&mut tx.conn())
        .await?)
}

/// Takes changes that are locked: what they come to.
pub async fn take(tx: &TenantTx, ids: &[Uuid]) -> Result<BTreeMap<ContactRollup, ContactDelta>> {
    let sums = sums_of("spans");
    let query = sql_query(format!(
        "WITH taken AS (
             DELETE FROM contact_count_changes WHERE organization_id = $1 AND id = ANY ($2)
             RETURNING *
         ), seen AS (SELECT k.* FROM taken AS c, {KINDS}), {HOURS}, {SPANS}
         {sums}"
    ))
    .bind::<SqlUuid, _>(tx.organization_id())
    .bind::<Array<SqlUuid>, _>(ids);
    Ok(in_order(Prepared(query).get_results(&mut tx.conn()).await?))
}

/// Adds to the rollups, in their order. (Why an upsert: see
/// `docs/decisions/generic-plans.md#forms`)
pub async fn add<'a>(
    tx: &TenantTx,
    changes: impl IntoIterator<Item = (&'a ContactRollup, &'a ContactDelta)>,
) -> Result<()> {
    let (rollups, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
    if rollups.is_empty() {
        return Ok(());
    }
    let query = sql_query(include_str!("add.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<Text>, _>(column(&rollups, |rollup| rollup.span))
        .bind::<Array<SqlUuid>, _>(column(&rollups, |rollup| rollup.source_id))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(&rollups, |rollup| rollup.start_time))
        .bind::<Array<SqlUuid>, _>(column(&rollups, |rollup| rollup.operator_id))
        .bind::<Array<BigInt>, _>(column(&changes, |change| change.new_contacts))
        .bind::<Array<BigInt>, _>(column(&changes, |change| change.in_progress_contacts))
        .bind::<Array<BigInt>, _>(column(&changes, |change| change.closed_contacts))
        .bind::<Array<BigInt>, _>(column(&changes, |change| change.expected_nanos));
    Prepared(query).execute(&mut tx.conn()).await?;
    Ok(())
}
