//! Deals and their amounts, counted as they change: those of each owner and those
//! of everybody; all of them, those created each day, and each hour. Written in the
//! transaction of each change, in the order of the rollups.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::super::bucket::Bucket;
use crate::{
    error::Result,
    ids::UserId,
    model::{
        change::DealFacts,
        deal::{DealStage, DealStatus},
    },
    platform::db::{Prepared, TenantTx, column},
};

/// A rollup of deals: what those have in common that it counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct DealRollup {
    /// All zeros for the deals of everybody and nobody.
    #[diesel(sql_type = SqlUuid)]
    pub owner_user_id: UserId,
    #[diesel(sql_type = Text)]
    pub span: Bucket,
    /// When the bucket begins; none for all deals.
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

/// What is added to a rollup.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct DealDelta {
    #[diesel(sql_type = BigInt)]
    pub deals: i64,
    #[diesel(sql_type = Numeric)]
    pub amount: BigDecimal,
}

fn rollups(deal: &DealFacts) -> impl Iterator<Item = DealRollup> {
    let owners = [
        deal.owner_user_id.filter(|id| !id.is_nil()),
        Some(UserId::default()),
    ];
    let owners = owners.into_iter().flatten();
    owners.flat_map(move |owner_user_id| {
        [Bucket::AllTime, Bucket::Day, Bucket::Hour].map(|span| DealRollup {
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
) -> BTreeMap<DealRollup, DealDelta> {
    let mut changes: BTreeMap<DealRollup, DealDelta> = BTreeMap::new();
    let before = before.into_iter().map(|deal| (deal, -1));
    for (deal, sign) in before.chain(after.into_iter().map(|deal| (deal, 1))) {
        for rollup in rollups(deal) {
            let change = changes.entry(rollup).or_default();
            change.deals += sign;
            change.amount += &deal.amount * sign;
        }
    }
    changes.retain(|_, change| *change != DealDelta::default());
    changes
}

/// Adds to the counts, in the order of the rollups. (Why an upsert: see
/// `docs/decisions/generic-plans.md#forms`)
pub async fn add_deals(
    tx: &TenantTx,
    changes: impl IntoIterator<Item = (&DealRollup, &DealDelta)>,
) -> Result<()> {
    let (rollups, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
    if rollups.is_empty() {
        return Ok(());
    }
    let query = sql_query(include_str!("add_deals.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<SqlUuid>, _>(column(&rollups, |rollup| rollup.owner_user_id))
        .bind::<Array<Text>, _>(column(&rollups, |rollup| rollup.span))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(&rollups, |rollup| rollup.start_time))
        .bind::<Array<Text>, _>(column(&rollups, |rollup| rollup.currency.clone()))
        .bind::<Array<Text>, _>(column(&rollups, |rollup| rollup.status))
        .bind::<Array<Text>, _>(column(&rollups, |rollup| rollup.stage))
        .bind::<Array<Text>, _>(column(&rollups, |rollup| rollup.reached_stage))
        .bind::<Array<BigInt>, _>(column(&changes, |change| change.deals))
        .bind::<Array<Numeric>, _>(column(&changes, |change| change.amount.clone()));
    Prepared(query).execute(&mut tx.conn()).await?;
    Ok(())
}
