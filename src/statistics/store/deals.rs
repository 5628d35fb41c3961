//! Deals and their amounts, counted as they change: those of each owner and those
//! of everybody; all of them, those created each day, and each hour. Written in the
//! transaction of each change, in the order of the cells.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::super::span::Span;
use crate::{
    error::Result,
    ids::UserId,
    model::{
        change::DealFacts,
        deal::{DealStage, DealStatus},
    },
    platform::db::{Prepared, TenantTx, column},
};

/// What deals are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct Cell {
    /// All zeros for the deals of everybody and nobody.
    #[diesel(sql_type = SqlUuid)]
    pub owner_user_id: UserId,
    #[diesel(sql_type = Text)]
    pub span: Span,
    /// When the span begins; none for all deals.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub start_time: Option<DateTime<Utc>>,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Text)]
    pub status: DealStatus,
    #[diesel(sql_type = Text)]
    pub stage: DealStage,
    #[diesel(sql_type = Text)]
    pub reached_stage: DealStage,
}

/// What is added to a cell.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct Change {
    #[diesel(sql_type = BigInt)]
    pub deals: i64,
    #[diesel(sql_type = Numeric)]
    pub amount: BigDecimal,
}

/// The cells of a deal.
fn cells(deal: &DealFacts) -> impl Iterator<Item = Cell> {
    let owners = [
        deal.owner_user_id.filter(|id| !id.is_nil()),
        Some(UserId::default()),
    ];
    let owners = owners.into_iter().flatten();
    owners.flat_map(move |owner_user_id| {
        [Span::All, Span::Day, Span::Hour].map(|span| Cell {
            owner_user_id,
            span,
            start_time: span.start(deal.create_time),
            currency: deal.currency.clone(),
            status: deal.status,
            stage: deal.stage,
            reached_stage: deal.reached_stage,
        })
    })
}

/// The net change from what deals were to what they are.
pub fn changes<'a>(
    before: impl IntoIterator<Item = &'a DealFacts>,
    after: impl IntoIterator<Item = &'a DealFacts>,
) -> BTreeMap<Cell, Change> {
    let mut changes: BTreeMap<Cell, Change> = BTreeMap::new();
    let before = before.into_iter().map(|deal| (deal, -1));
    for (deal, sign) in before.chain(after.into_iter().map(|deal| (deal, 1))) {
        for cell in cells(deal) {
            let change = changes.entry(cell).or_default();
            change.deals += sign;
            change.amount += &deal.amount * sign;
        }
    }
    changes.retain(|_, change| *change != Change::default());
    changes
}

/// Adds to the counts, in the order of the cells. (An upsert, though most rows are
/// there: it has one way only to find them.)
pub async fn add_deals(
    tx: &TenantTx,
    changes: impl IntoIterator<Item = (&Cell, &Change)>,
) -> Result<()> {
    let (cells, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
    if cells.is_empty() {
        return Ok(());
    }
    let query = sql_query(include_str!("add_deals.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<SqlUuid>, _>(column(&cells, |cell| cell.owner_user_id))
        .bind::<Array<Text>, _>(column(&cells, |cell| cell.span))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(&cells, |cell| cell.start_time))
        .bind::<Array<Text>, _>(column(&cells, |cell| cell.currency.clone()))
        .bind::<Array<Text>, _>(column(&cells, |cell| cell.status))
        .bind::<Array<Text>, _>(column(&cells, |cell| cell.stage))
        .bind::<Array<Text>, _>(column(&cells, |cell| cell.reached_stage))
        .bind::<Array<BigInt>, _>(column(&changes, |change| change.deals))
        .bind::<Array<Numeric>, _>(column(&changes, |change| change.amount.clone()));
    Prepared(query).execute(&mut tx.conn()).await?;
    Ok(())
}
