//! Deals and their amounts, counted as they change: all of an organization's,
//! those created each day, and each hour. Written in the transaction of each
//! change, in the order of the cells.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Deal;
use crate::{
    db::{Conn, Prepared, column},
    error::Result,
};

/// What deals are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub span: &'static str,
    /// When the span begins; none for all deals.
    pub start_time: Option<DateTime<Utc>>,
    pub currency: String,
    /// All zeros for deals of nobody.
    pub owner_user_id: Uuid,
    pub status: &'static str,
    pub stage: &'static str,
    pub reached_stage: &'static str,
}

/// What is added to a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub deals: i64,
    pub amount: BigDecimal,
}

/// The cells of a deal.
fn cells(deal: &Deal) -> [Cell; 3] {
    let time = deal.create_time;
    let truncated = |span| time.duration_trunc(span).unwrap_or(time);
    let cell = |span, start_time| Cell {
        span,
        start_time,
        currency: deal.currency.clone(),
        owner_user_id: deal.owner_user_id.unwrap_or_default(),
        status: deal.status.as_str(),
        stage: deal.stage.as_str(),
        reached_stage: deal.reached_stage.as_str(),
    };
    [
        cell("ALL", None),
        cell("DAY", Some(truncated(TimeDelta::days(1)))),
        cell("HOUR", Some(truncated(TimeDelta::hours(1)))),
    ]
}

/// Counts that a deal was created (it was not there before), changed or deleted
/// (it is not there after).
pub async fn record(
    conn: &Conn,
    organization_id: Uuid,
    before: Option<&Deal>,
    after: Option<&Deal>,
) -> Result<()> {
    let mut changes: BTreeMap<Cell, Change> = BTreeMap::new();
    for (deal, sign) in [(before, -1), (after, 1)] {
        for (deal, cell) in deal
            .into_iter()
            .flat_map(|d| cells(d).map(|cell| (d, cell)))
        {
            let change = changes.entry(cell).or_insert_with(|| Change {
                deals: 0,
                amount: BigDecimal::from(0),
            });
            change.deals += sign;
            change.amount += &deal.amount * sign;
        }
    }
    changes.retain(|_, change| change.deals != 0 || change.amount != 0);
    apply(conn, organization_id, &changes).await
}

/// Adds to the counts. (An upsert, though most rows are there: it has one way only
/// to find them.)
pub async fn apply(
    mut conn: &Conn,
    organization_id: Uuid,
    changes: &BTreeMap<Cell, Change>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let cells: Vec<_> = changes.keys().collect();
    let deals: Vec<_> = changes.values().map(|change| change.deals).collect();
    let amounts: Vec<_> = changes.values().map(|change| &change.amount).collect();
    let query = sql_query(
        "INSERT INTO deal_counts AS c (organization_id, span, start_time, currency,
             owner_user_id, status, stage, reached_stage, deals, amount)
         SELECT $1, a.span, coalesce(a.start_time, '-infinity'), a.currency, a.owner_user_id,
                a.status, a.stage, a.reached_stage, a.deals, a.amount
         FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
             AS a (span, start_time, currency, owner_user_id, status, stage, reached_stage,
                   deals, amount)
         ON CONFLICT (organization_id, span, start_time, currency, owner_user_id, status, stage,
                      reached_stage) DO UPDATE
         SET deals = c.deals + excluded.deals, amount = c.amount + excluded.amount",
    )
    .bind::<SqlUuid, _>(organization_id)
    .bind::<Array<Text>, _>(column(&cells, |cell| cell.span))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(&cells, |cell| cell.start_time))
    .bind::<Array<Text>, _>(column(&cells, |cell| cell.currency.as_str()))
    .bind::<Array<SqlUuid>, _>(column(&cells, |cell| cell.owner_user_id))
    .bind::<Array<Text>, _>(column(&cells, |cell| cell.status))
    .bind::<Array<Text>, _>(column(&cells, |cell| cell.stage))
    .bind::<Array<Text>, _>(column(&cells, |cell| cell.reached_stage))
    .bind::<Array<BigInt>, _>(deals)
    .bind::<Array<Numeric>, _>(amounts);
    Prepared(query).execute(&mut conn).await?;
    Ok(())
}
