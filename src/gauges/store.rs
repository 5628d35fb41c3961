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
    statistics::store::contacts::totals,
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
        sql_query(format!(include_str!("gauges.sql"), totals = totals))
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
