//! `AnalyticsService.GetDealSummary` and `GetDealFunnel`.

use std::{collections::BTreeMap, ops::RangeInclusive};

use bigdecimal::BigDecimal;
use chrono::TimeDelta;
use prost_types::Timestamp;

use crate::{
    analytics::{
        range::{Parts, Range},
        store::{self, Sum},
    },
    call::Context,
    deals::{DealStage, DealStatus, amount},
    error::Result,
    ids::UserId,
    platform::grpc::validate::Violations,
    proto::{
        self, CurrencyFunnel, CurrencySummary, DealStatusSummary, FunnelStage,
        GetDealFunnelRequest, GetDealFunnelResponse, GetDealSummaryRequest, GetDealSummaryResponse,
    },
    statistics::Bucket,
};

/// How many days back deals can count as new.
const NEW_DAYS: RangeInclusive<i32> = 1..=3660;
/// How many they do unless asked for.
const DEFAULT_NEW_DAYS: i32 = 30;

struct Chosen {
    owner_user_id: Option<UserId>,
    created: Range,
}

impl Chosen {
    fn parse(
        v: &mut Violations,
        owner_user_id: &str,
        (start_time, end_time): (Option<Timestamp>, Option<Timestamp>),
    ) -> Self {
        // All zeros are nobody's id, and what is counted of everybody has them.
        let owner_user_id = v.optional_id("owner_user_id", owner_user_id);
        let owner_user_id = owner_user_id.filter(|id: &UserId| !id.is_nil());
        Self {
            owner_user_id,
            created: (
                v.time("start_time", start_time),
                v.time("end_time", end_time),
            ),
        }
    }
}

/// Deals and their amounts, added up.
#[derive(Clone, Default)]
struct Total {
    deals: i64,
    amount: BigDecimal,
}

impl Total {
    fn of<'a>(sums: impl IntoIterator<Item = &'a Sum>) -> Self {
        let mut total = Self::default();
        for sum in sums {
            total.deals += sum.deals;
            total.amount += &sum.amount;
        }
        total
    }
}

fn parts(range: Range) -> Parts {
    Parts::of(range, &[Bucket::Day, Bucket::Hour])
}

pub async fn get_deal_summary(
    context: Context,
    request: GetDealSummaryRequest,
) -> Result<GetDealSummaryResponse> {
    let mut violations = Violations::new();
    let period = (request.start_time, request.end_time);
    let chosen = &Chosen::parse(&mut violations, &request.owner_user_id, period);
    let days = request.new_days.unwrap_or(DEFAULT_NEW_DAYS);
    let days = violations.number("new_days", days, &NEW_DAYS);
    violations.finish()?;
    let sums = context
        .read_stale(async |tx| {
            let new = store::now(tx).await? - TimeDelta::days(days.into());
            let (start, end) = chosen.created;
            let start = start.map_or(new, |start| start.max(new));
            let ranges = [parts(chosen.created), parts((Some(start), end))];
            store::sums(tx, chosen.owner_user_id, &ranges).await
        })
        .await?;
    let currencies = by_currency(&sums)
        .into_iter()
        .map(|(currency, sums)| summary(currency, &sums))
        .collect();
    Ok(GetDealSummaryResponse { currencies })
}

pub async fn get_deal_funnel(
    context: Context,
    request: GetDealFunnelRequest,
) -> Result<GetDealFunnelResponse> {
    let mut violations = Violations::new();
    let period = (request.start_time, request.end_time);
    let chosen = &Chosen::parse(&mut violations, &request.owner_user_id, period);
    violations.finish()?;
    let ranges = &[parts(chosen.created)];
    let sums = context
        .read_stale(async |tx| store::sums(tx, chosen.owner_user_id, ranges).await)
        .await?;
    let currencies = by_currency(&sums)
        .into_iter()
        .map(|(currency, sums)| CurrencyFunnel {
            stages: stages(currency, &sums),
            currency: currency.to_owned(),
        })
        .collect();
    Ok(GetDealFunnelResponse { currencies })
}

fn by_currency(sums: &[Sum]) -> BTreeMap<&str, Vec<&Sum>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for sum in sums {
        found.entry(&*sum.currency).or_default().push(sum);
    }
    found
}

/// What was created in the first range is summed up, what was in the second is new.
fn summary(currency: &str, sums: &[&Sum]) -> CurrencySummary {
    let (sums, new): (Vec<&Sum>, Vec<&Sum>) = sums.iter().copied().partition(|s| s.range == 0);
    let total = Total::of(sums.iter().copied());
    let of = |status| Total::of(sums.iter().copied().filter(|sum| sum.status == status));
    let (won, lost) = (of(DealStatus::Won), of(DealStatus::Lost));
    let average = (won.deals > 0).then(|| amount::text(&(&won.amount / won.deals), currency));
    CurrencySummary {
        currency: currency.to_owned(),
        deals: total.deals,
        amount: amount::text(&total.amount, currency),
        by_status: by_status(currency, &sums),
        average_won_amount: average.unwrap_or_default(),
        win_rate: ratio(won.deals, won.deals + lost.deals),
        new_deals: Total::of(new).deals,
    }
}

fn stages(currency: &str, sums: &[&Sum]) -> Vec<FunnelStage> {
    let mut before = None;
    let stages = DealStage::ALL.into_iter().map(|stage| {
        let here: Vec<_> = sums.iter().copied().filter(|s| s.stage == stage).collect();
        let total = Total::of(here.iter().copied());
        let reached = sums.iter().copied().filter(|sum| has_reached(sum, stage));
        let reached = Total::of(reached).deals;
        let conversion = before
            .replace(reached)
            .and_then(|before| ratio(reached, before));
        FunnelStage {
            stage: proto::DealStage::from(stage).into(),
            deals: total.deals,
            amount: amount::text(&total.amount, currency),
            by_status: by_status(currency, &here),
            reached,
            conversion_percent: conversion.map(|ratio| ratio * 100.0),
        }
    });
    stages.collect()
}

/// Whether these deals have come to this stage. Those that were LOST before they
/// were CLOSED did not come to that.
fn has_reached(sum: &Sum, stage: DealStage) -> bool {
    let all = sum.stage == DealStage::Closed && sum.status != DealStatus::Lost;
    all || stage.rank() <= sum.reached_stage.rank()
}

fn by_status(currency: &str, sums: &[&Sum]) -> Vec<DealStatusSummary> {
    let summaries = DealStatus::ALL.into_iter().map(|status| {
        let total = Total::of(sums.iter().copied().filter(|sum| sum.status == status));
        DealStatusSummary {
            status: proto::DealStatus::from(status).into(),
            deals: total.deals,
            amount: amount::text(&total.amount, currency),
        }
    });
    summaries.collect()
}

#[expect(clippy::cast_precision_loss, reason = "deals stay far below 2^53")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
