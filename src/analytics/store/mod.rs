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
    statistics::store::contacts::{HOURS, KINDS, totals},
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
        sql_query(format!(include_str!("overview.sql"), totals = totals))
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
/// rollups, and what will be. Rows are counted only in the hours that are cut: there all
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
        include_str!("shares.sql"),
        KINDS = KINDS,
        HOURS = HOURS
    ))
    .bind::<SqlUuid, _>(tx.organization_id())
    .bind::<Nullable<SqlUuid>, _>(source_id)
    .bind::<Array<Text>, _>(column(&whole, |whole| whole.bucket))
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
