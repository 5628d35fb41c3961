//! The query that reads what the metrics say of an organization.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Double, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    error::Result,
    platform::{
        db::{Prepared, TenantTx},
        telemetry::metrics::DbGauges,
    },
    statistics::store::cells::totals,
};

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    backlog: i64,
    #[diesel(sql_type = Double)]
    oldest_seconds: f64,
    #[diesel(sql_type = BigInt)]
    load: i64,
    #[diesel(sql_type = BigInt)]
    load_limit: i64,
    #[diesel(sql_type = BigInt)]
    at_limit: i64,
    #[diesel(sql_type = BigInt)]
    unfolded: i64,
}

/// Reads operators and sources, which are few, what is counted of the backlog, for
/// each source the contact that has waited there for longest, and the changes of counts
/// that are not folded yet.
pub async fn gauges(tx: &TenantTx) -> Result<DbGauges> {
    let totals = totals();
    let row: Row = Prepared(
        sql_query(format!(
            "WITH {totals}
             SELECT o.*, b.*, f.*, u.*
             FROM (
                 SELECT coalesce(sum(load), 0)::bigint AS load,
                        coalesce(sum(load_limit), 0)::bigint AS load_limit,
                        count(*) FILTER (WHERE load >= load_limit) AS at_limit
                 FROM operators
                 WHERE organization_id = $1 AND delete_time IS NULL AND active
                     AND load_limit IS NOT NULL
             ) AS o, (
                 SELECT coalesce(sum(new_contacts + in_progress_contacts), 0)::bigint AS backlog
                 FROM totals WHERE operator_id = '00000000-0000-0000-0000-000000000000'
             ) AS b, (
                 SELECT greatest(coalesce(extract(epoch FROM now() - min(first.create_time)), 0),
                                 0)::float8 AS oldest_seconds
                 FROM sources AS s, (VALUES ('NEW'), ('IN_PROGRESS')) AS active (status), LATERAL (
                     SELECT create_time FROM contacts
                     WHERE organization_id = $1 AND source_id = s.id
                         AND status = active.status AND operator_id IS NULL
                     ORDER BY id LIMIT 1
                 ) AS first
                 WHERE s.organization_id = $1
             ) AS f, (
                 SELECT count(*) AS unfolded FROM contact_count_changes
                 WHERE organization_id = $1
             ) AS u"
        ))
        .bind::<SqlUuid, _>(tx.organization_id()),
    )
    .get_result(&mut tx.conn())
    .await?;
    Ok(DbGauges {
        backlog: row.backlog,
        oldest_seconds: row.oldest_seconds,
        load: row.load,
        limit: row.load_limit,
        at_limit: row.at_limit,
        unfolded: row.unfolded,
    })
}
