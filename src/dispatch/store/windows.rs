//! Counts what operators were given within their windows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Bool, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    error::{Error, Result},
    ids::OperatorId,
    model::Operator,
    platform::db::{Prepared, TenantTx},
};

#[derive(Debug, QueryableByName)]
struct WindowLoad {
    #[diesel(sql_type = Timestamptz)]
    time: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    operator_id: Option<OperatorId>,
    #[diesel(sql_type = BigInt)]
    given: i64,
}

/// How many contacts each of these operators was given within its window.
pub async fn window_loads(
    tx: &TenantTx,
    operators: &[Operator],
) -> Result<HashMap<OperatorId, i32>> {
    let ids: Vec<_> = operators.iter().map(|operator| operator.id).collect();
    Ok(count_windows(tx, &ids, false).await?.1)
}

/// The time, and how many contacts each of these operators was given within its
/// window until then; counted no further than its limit if `to_limit`.
pub async fn count_windows(
    tx: &TenantTx,
    ids: &[OperatorId],
    to_limit: bool,
) -> Result<(DateTime<Utc>, HashMap<OperatorId, i32>)> {
    let rows: Vec<WindowLoad> = Prepared(
        sql_query(include_str!("count_windows.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<Bool, _>(to_limit),
    )
    .get_results(&mut tx.conn())
    .await?;
    let time = rows.iter().map(|row| row.time).next();
    let loads = rows
        .iter()
        .filter_map(|row| Some((row.operator_id?, i32::try_from(row.given).ok()?)))
        .collect();
    Ok((time.ok_or_else(|| Error::internal("no time"))?, loads))
}
