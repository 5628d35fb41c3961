//! Sums of all kinds of deals, of owners and in periods, beside a recount.

use std::collections::BTreeMap;

use diesel_async::SimpleAsyncConnection;
use minicrm::proto::{
    Deal, DeleteDealRequest, GetDealFunnelRequest, GetDealFunnelResponse, GetDealSummaryRequest,
    GetDealSummaryResponse,
};
use prost_types::Timestamp;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tonic::Code;
use uuid::Uuid;

use super::{
    STAGES,
    expected::{DAY, Row, expected_funnel, expected_summary, rows},
    funnel, summary,
};
use crate::{
    deals::{create, lead, reopen, update},
    support::{App, call},
};

const HOUR: i64 = 3_600_000_000;
/// Deals are created this many microseconds after each other, from that day on.
const STEP: i64 = 2_100_000_001;

/// Microseconds of that day, as a bound of a period.
type Bound = Option<i64>;

fn time(bound: Bound) -> Option<Timestamp> {
    bound.map(|micros| Timestamp {
        seconds: DAY + micros.div_euclid(1_000_000),
        nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap(),
    })
}

async fn assert_same(app: &App, rows: &[Row], owner: &str, (start, end): (Bound, Bound)) {
    let mut by_currency: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in rows {
        if (owner.is_empty() || row.owner_user_id == owner)
            && start.is_none_or(|start| start <= row.create_time)
            && end.is_none_or(|end| row.create_time < end)
        {
            by_currency.entry(&*row.currency).or_default().push(row);
        }
    }
    let (start_time, end_time) = (time(start), time(end));
    let about = format!("{owner} {start:?} {end:?}");
    // All deals of the test are of the last ten years, none is of tomorrow.
    let request = GetDealSummaryRequest {
        owner_user_id: owner.to_owned(),
        start_time,
        end_time,
        new_days: Some(3660),
    };
    let currencies = by_currency.iter();
    let currencies = currencies.map(|(currency, rows)| expected_summary(currency, rows));
    let expected = GetDealSummaryResponse {
        currencies: currencies.collect(),
    };
    assert_eq!(summary(app, request).await, expected, "{about}");
    let request = GetDealFunnelRequest {
        owner_user_id: owner.to_owned(),
        start_time,
        end_time,
    };
    let currencies = by_currency.iter();
    let currencies = currencies.map(|(currency, rows)| expected_funnel(currency, rows));
    let expected = GetDealFunnelResponse {
        currencies: currencies.collect(),
    };
    assert_eq!(funnel(app, request).await, expected, "{about}");
}

/// Compares the sums of all owners and of each, between all of these bounds.
async fn assert_periods_are_right(app: &App, owners: &[String]) {
    let bounds = [
        None,
        Some(0),
        Some(7 * STEP),
        Some(7 * STEP + 1),
        Some(9 * HOUR),
        Some(24 * HOUR),
        Some(24 * HOUR + 1),
        Some(47 * HOUR + HOUR / 2 + 500),
        Some(72 * HOUR - 1),
        Some(100 * HOUR),
    ];
    let rows = rows(app).await;
    for owner in owners {
        for start in bounds {
            for end in bounds {
                assert_same(app, &rows, owner, (start, end)).await;
            }
        }
    }
}

/// A deal with what happens to be in it.
fn random(rng: &mut SmallRng, owners: &[String]) -> Deal {
    let currency = ["EUR", "USD", "JPY"][rng.random_range(0..3)];
    let cents = if currency == "JPY" {
        0
    } else {
        rng.random_range(0..100)
    };
    Deal {
        amount: format!("{}.{cents:02}", rng.random_range(0..1000)),
        currency: currency.to_owned(),
        owner_user_id: owners[rng.random_range(0..owners.len())].clone(),
        status: rng.random_range(0..5),
        stage: rng.random_range(0..5),
        ..Deal::default()
    }
}

/// Does this and that to deals, as far as the rules allow.
async fn change(app: &App, rng: &mut SmallRng, owners: &[String], deals: &mut Vec<Deal>) {
    let lead = lead(app).await;
    for _ in 0..150 {
        let random = random(rng, owners);
        let place = rng.random_range(0..deals.len().max(1));
        let outcome = match rng.random_range(0..8) {
            0 if !deals.is_empty() => {
                let request = DeleteDealRequest {
                    id: deals.swap_remove(place).id,
                    ..Default::default()
                };
                call!(app.deals.delete_deal(request)).unwrap();
                continue;
            }
            1..=3 if !deals.is_empty() => update(app, &deals[place], random).await,
            4 if !deals.is_empty() => {
                let stage = STAGES[rng.random_range(0..3)];
                reopen(app, &deals[place], stage).await
            }
            _ => {
                let made = Deal {
                    lead_id: lead.id.clone(),
                    title: "Deal".to_owned(),
                    ..random
                };
                let made = create(app, made).await;
                deals.extend(made.clone().ok());
                made
            }
        };
        if let Err(error) = outcome {
            let codes = [Code::FailedPrecondition, Code::InvalidArgument];
            assert!(codes.contains(&error.code()), "{error:?}");
        }
    }
}

/// Mutants: a bound's hour or day taken as a whole, or left out; the day of now and
/// not of the deal; counts of the owner before left as they were; LOST deals that
/// reached CLOSED.
#[tokio::test]
async fn sums_are_what_a_recount_finds() {
    let app = App::start().await;
    let mut rng = SmallRng::seed_from_u64(11);
    let mut owners: Vec<_> = (0..3).map(|_| Uuid::now_v7().to_string()).collect();
    owners.push(String::new());
    let mut deals = Vec::new();
    for _ in 0..3 {
        change(&app, &mut rng, &owners, &mut deals).await;
    }
    let all = rows(&app).await;
    for owner in &owners {
        assert_same(&app, &all, owner, (None, None)).await;
    }
    app.assert_invariants().await;

    let spread = format!(
        "UPDATE deals AS d
         SET create_time = to_timestamp({DAY}) + n.place * interval '{STEP} microseconds'
         FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM deals) AS n
         WHERE d.id = n.id"
    );
    let mut conn = app.database().await;
    conn.batch_execute(&spread).await.unwrap();
    // The counts are still those of today.
    assert_ne!(app.verify(true).await, "");
    app.assert_invariants().await;
    assert_periods_are_right(&app, &owners[2..]).await;
    change(&app, &mut rng, &owners, &mut deals).await;
    app.assert_invariants().await;
    assert_periods_are_right(&app, &owners[2..]).await;
}
