//! Every query that sums up what was counted; deals beside it. Knows nothing of
//! the wire.

mod deals;

use chrono::TimeDelta;
pub use deals::{Sum, now, sums};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Double, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::range::Parts;
use crate::{
    error::Result,
    ids::{ContactId, OperatorId, SourceId, first_id_at},
    platform::db::{Prepared, TenantTx, column},
    statistics::store::cells::{HOURS, KINDS, totals},
};

/// Counts of what there is.
#[derive(Debug, QueryableByName)]
pub struct Overview {
    #[diesel(sql_type = BigInt)]
    pub leads: i64,
    #[diesel(sql_type = BigInt)]
    pub operators: i64,
    #[diesel(sql_type = BigInt)]
    pub active_operators: i64,
    #[diesel(sql_type = BigInt)]
    pub sources: i64,
    #[diesel(sql_type = BigInt)]
    pub new_contacts: i64,
    #[diesel(sql_type = BigInt)]
    pub in_progress_contacts: i64,
    #[diesel(sql_type = BigInt)]
    pub closed_contacts: i64,
    #[diesel(sql_type = BigInt)]
    pub backlog: i64,
    #[diesel(sql_type = BigInt)]
    pub new_deals: i64,
    #[diesel(sql_type = BigInt)]
    pub in_progress_deals: i64,
    #[diesel(sql_type = BigInt)]
    pub won_deals: i64,
    #[diesel(sql_type = BigInt)]
    pub lost_deals: i64,
}

/// Counts what there is: operators and sources, which are few, by their rows.
pub async fn overview(tx: &TenantTx) -> Result<Overview> {
    let totals = totals();
    Ok(Prepared(
        sql_query(format!(
            "WITH {totals}
             SELECT (SELECT coalesce(sum(leads), 0)::bigint FROM lead_counts
                     WHERE organization_id = $1) AS leads,
                    (SELECT count(*) FROM sources
                     WHERE organization_id = $1 AND delete_time IS NULL) AS sources,
                    o.*, c.*, d.*
             FROM (
                 SELECT count(*) AS operators, count(*) FILTER (WHERE active) AS active_operators
                 FROM operators WHERE organization_id = $1 AND delete_time IS NULL
             ) AS o, (
                 SELECT coalesce(sum(new_contacts), 0)::bigint AS new_contacts,
                        coalesce(sum(in_progress_contacts), 0)::bigint AS in_progress_contacts,
                        coalesce(sum(closed_contacts), 0)::bigint AS closed_contacts,
                        coalesce(sum(new_contacts + in_progress_contacts) FILTER (
                            WHERE operator_id = '00000000-0000-0000-0000-000000000000'
                        ), 0)::bigint AS backlog
                 FROM totals
             ) AS c, (
                 SELECT coalesce(sum(deals) FILTER (WHERE status = 'NEW'), 0)::bigint
                            AS new_deals,
                        coalesce(sum(deals) FILTER (WHERE status = 'IN_PROGRESS'), 0)::bigint
                            AS in_progress_deals,
                        coalesce(sum(deals) FILTER (WHERE status = 'WON'), 0)::bigint
                            AS won_deals,
                        coalesce(sum(deals) FILTER (WHERE status = 'LOST'), 0)::bigint
                            AS lost_deals
                 FROM deal_counts WHERE organization_id = $1
                   AND owner_user_id = '00000000-0000-0000-0000-000000000000' AND span = 'ALL'
             ) AS d"
        ))
        .bind::<SqlUuid, _>(tx.organization_id()),
    )
    .get_result(&mut tx.conn())
    .await?)
}

/// What one operator has, or was to be expected to have, of one source's
/// contacts; without an operator, those in the backlog and those closed without one.
#[derive(Debug, QueryableByName)]
pub struct Share {
    #[diesel(sql_type = SqlUuid)]
    pub source_id: SourceId,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub operator_id: Option<OperatorId>,
    #[diesel(sql_type = BigInt)]
    pub contacts: i64,
    #[diesel(sql_type = BigInt)]
    pub active_contacts: i64,
    #[diesel(sql_type = Double)]
    pub expected: f64,
    /// Contacts of the source that have an operator.
    #[diesel(sql_type = BigInt)]
    pub source_contacts: i64,
}

/// Contacts by source and operator, of one source if it is named, behind two such ids and
/// so many at most: what is in the
/// cells, and what will be. Rows are counted only in the hours that are cut: there all
/// sources' are read, by id. (OFFSET 0: by nothing else.)
pub async fn shares(
    tx: &TenantTx,
    source_id: Option<SourceId>,
    parts: &Parts,
    (after, fetch): &((Uuid, Uuid), i64),
) -> Result<Vec<Share>> {
    let millisecond = TimeDelta::milliseconds(1);
    let whole: Vec<_> = parts.whole.iter().collect();
    let (from, to): (Vec<_>, Vec<_>) = parts.edges.iter().copied().unzip();
    let first_ids: Vec<_> = from
        .iter()
        .map(|from| first_id_at::<ContactId>(*from))
        .collect();
    let end_ids: Vec<_> = to
        .iter()
        .map(|to| first_id_at::<ContactId>(*to + millisecond))
        .collect();
    Ok(sql_query(format!(
        "WITH whole AS (
             SELECT * FROM unnest($3, array_replace($4, NULL, '-infinity'), $5)
                 AS w (span, from_time, to_time)
         ), seen AS (
             SELECT c.source_id, NULL::timestamptz AS hour, c.operator_id, c.pool_id, c.status,
                    1 AS contacts
             FROM unnest($6, $7, $8, $9) AS e (from_time, to_time, first_id, end_id), LATERAL (
                 SELECT source_id, operator_id, pool_id, status FROM contacts
                 WHERE organization_id = $1 AND id >= e.first_id AND id < e.end_id
                   AND create_time >= e.from_time AND create_time < e.to_time
                 OFFSET 0) AS c
             WHERE $2 IS NULL OR c.source_id = $2
           UNION ALL
             SELECT k.source_id, NULL, k.operator_id, k.pool_id, k.status, k.contacts
             FROM contact_count_changes AS c, {KINDS}, whole AS w
             WHERE c.organization_id = $1 AND ($2 IS NULL OR k.source_id = $2)
               AND (w.span = 'ALL' OR (k.hour >= w.from_time AND k.hour < w.to_time))
         ), {HOURS}, summed AS (
             SELECT source_id, operator_id, new_contacts + in_progress_contacts AS active_contacts,
                    closed_contacts, expected_nanos
             FROM hours
           UNION ALL
             SELECT s.id, c.*
             FROM sources AS s, whole AS w, LATERAL (
                 SELECT operator_id, sum(new_contacts + in_progress_contacts),
                        sum(closed_contacts), sum(expected_nanos)
                 FROM contact_cells
                 WHERE organization_id = $1 AND span = w.span AND source_id = s.id
                   AND start_time >= w.from_time AND start_time < w.to_time
                 GROUP BY operator_id) AS c
             WHERE s.organization_id = $1 AND ($2 IS NULL OR s.id = $2)
         ), shares AS (
             SELECT source_id, operator_id,
                    sum(active_contacts + closed_contacts)::bigint AS contacts,
                    sum(active_contacts)::bigint AS active_contacts,
                    (sum(expected_nanos) / 1000000000)::float8 AS expected,
                    coalesce(sum(sum(active_contacts + closed_contacts)) FILTER (
                        WHERE operator_id <> '00000000-0000-0000-0000-000000000000'
                    ) OVER (PARTITION BY source_id), 0)::bigint AS source_contacts
             FROM summed GROUP BY source_id, operator_id
             HAVING sum(active_contacts + closed_contacts) <> 0 OR sum(expected_nanos) <> 0
         )
         SELECT source_id, nullif(operator_id, '00000000-0000-0000-0000-000000000000')
                    AS operator_id,
                contacts, active_contacts, expected, source_contacts
         FROM shares WHERE (source_id, shares.operator_id) > ($10, $11)
         ORDER BY source_id, shares.operator_id LIMIT $12"
    ))
    .bind::<SqlUuid, _>(tx.organization_id())
    .bind::<Nullable<SqlUuid>, _>(source_id)
    .bind::<Array<Text>, _>(column(&whole, |whole| whole.span))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(&whole, |whole| whole.from))
    .bind::<Array<Timestamptz>, _>(column(&whole, |whole| whole.to))
    .bind::<Array<Timestamptz>, _>(from)
    .bind::<Array<Timestamptz>, _>(to)
    .bind::<Array<SqlUuid>, _>(first_ids)
    .bind::<Array<SqlUuid>, _>(end_ids)
    .bind::<SqlUuid, _>(after.0)
    .bind::<SqlUuid, _>(after.1)
    .bind::<BigInt, _>(fetch)
    .get_results(&mut tx.conn())
    .await?)
}
