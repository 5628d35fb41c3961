//! Sums of deals, by what was counted of them.

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::{
    IntoSql, QueryableByName, dsl, select, sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    analytics::range::Parts,
    deals::{DealStage, DealStatus},
    error::Result,
    ids::UserId,
    platform::db::{Conn, Prepared, TenantTx},
};

/// Deals that are alike, summed up.
#[derive(Debug, QueryableByName)]
pub struct Sum {
    /// Which of the ranges asked for they were created in.
    #[diesel(sql_type = Integer)]
    pub range: i32,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Text)]
    pub status: DealStatus,
    #[diesel(sql_type = Text)]
    pub stage: DealStage,
    #[diesel(sql_type = Text)]
    pub reached_stage: DealStage,
    #[diesel(sql_type = BigInt)]
    pub deals: i64,
    #[diesel(sql_type = Numeric)]
    pub amount: BigDecimal,
}

/// When the transaction began, by the clock that deals are created by.
pub async fn now(mut conn: &Conn) -> Result<DateTime<Utc>> {
    Ok(select(dsl::now.into_sql::<Timestamptz>())
        .get_result(&mut conn)
        .await?)
}

/// The deals created in each of these ranges, of one owner if named. Rows are summed
/// up only in the hours that are cut. (OFFSET 0: range by range, ORDER BY: by the
/// index that has them in this order.)
pub async fn sums(
    tx: &TenantTx,
    owner_user_id: Option<UserId>,
    ranges: &[Parts],
) -> Result<Vec<Sum>> {
    let numbered = || (0_i32..).zip(ranges);
    let whole: Vec<_> = numbered()
        .flat_map(|(number, parts)| parts.whole.iter().map(move |whole| (number, whole)))
        .collect();
    let edges: Vec<_> = numbered()
        .flat_map(|(number, parts)| parts.edges.iter().map(move |edge| (number, edge)))
        .collect();
    let (statuses, stages): (Vec<_>, Vec<_>) = DealStatus::with_stages().unzip();
    let query = sql_query(sql(owner_user_id.is_some()))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<SqlUuid, _>(owner_user_id.unwrap_or_default())
        .bind::<Array<Integer>, _>(column(&whole, |(range, _)| *range))
        .bind::<Array<Text>, _>(column(&whole, |(_, whole)| whole.bucket))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(&whole, |(_, whole)| whole.from))
        .bind::<Array<Timestamptz>, _>(column(&whole, |(_, whole)| whole.to))
        .bind::<Array<Integer>, _>(column(&edges, |(range, _)| *range))
        .bind::<Array<Timestamptz>, _>(column(&edges, |(_, edge)| edge.0))
        .bind::<Array<Timestamptz>, _>(column(&edges, |(_, edge)| edge.1))
        .bind::<Array<Text>, _>(statuses)
        .bind::<Array<Text>, _>(stages);
    Ok(Prepared(query).get_results(&mut tx.conn()).await?)
}

fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

fn sql(of_owner: bool) -> String {
    let owner = if of_owner {
        "owner_user_id = $2 AND"
    } else {
        ""
    };
    format!(include_str!("deal_figures.sql"), owner = owner)
}
