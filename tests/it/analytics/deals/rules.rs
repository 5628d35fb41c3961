//! What the numbers mean, case by case.

use std::time::{Duration, SystemTime};

use minicrm::proto::{
    Deal, DealStage, DealStatus, GetDealFunnelRequest, GetDealFunnelResponse,
    GetDealSummaryRequest, GetDealSummaryResponse,
};
use prost_types::Timestamp;

use super::{STATUSES, funnel, summary};
use crate::{
    deals::{amount, create, deal, lead, reopen, stage, status, update},
    support::{App, assert_invalid, call},
};

#[tokio::test]
async fn where_there_are_no_deals_there_are_no_sums() {
    let app = App::start().await;
    let none = GetDealSummaryResponse::default();
    assert_eq!(summary(&app, GetDealSummaryRequest::default()).await, none);
    let none = GetDealFunnelResponse::default();
    assert_eq!(funnel(&app, GetDealFunnelRequest::default()).await, none);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused() {
    let app = App::start().await;
    let never = Some(Timestamp {
        seconds: i64::MAX,
        nanos: 0,
    });
    for new_days in [0, -1, 3661] {
        let request = GetDealSummaryRequest {
            owner_user_id: "ann".to_owned(),
            start_time: never,
            end_time: never,
            new_days: Some(new_days),
        };
        let fields = ["owner_user_id", "start_time", "end_time", "new_days"];
        assert_invalid(call!(app.analytics.get_deal_summary(request)), &fields);
    }
    let request = GetDealFunnelRequest {
        owner_user_id: "ann".to_owned(),
        start_time: never,
        end_time: never,
    };
    let fields = ["owner_user_id", "start_time", "end_time"];
    assert_invalid(call!(app.analytics.get_deal_funnel(request)), &fields);
}

/// Mutant: sums as floating-point numbers.
#[tokio::test]
async fn sums_are_exact() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let won = |amount: &str, currency: &str| Deal {
        amount: amount.to_owned(),
        currency: currency.to_owned(),
        status: DealStatus::Won.into(),
        ..deal(&lead)
    };
    for _ in 0..3 {
        let most = won("9999999999999.99", "EUR");
        create(&app, most).await.unwrap();
    }
    for _ in 0..31 {
        create(&app, won("0.01", "EUR")).await.unwrap();
        create(&app, won("0.1", "USD")).await.unwrap();
    }
    for yen in ["1", "2"] {
        create(&app, won(yen, "JPY")).await.unwrap();
    }
    let sums = summary(&app, GetDealSummaryRequest::default()).await;
    let sums: Vec<_> = sums
        .currencies
        .iter()
        .map(|sum| [&*sum.currency, &*sum.amount, &*sum.average_won_amount])
        .collect();
    let expected = [
        // 30000000000000.28 / 34 = 882352941176.478…
        ["EUR", "30000000000000.28", "882352941176.48"],
        ["JPY", "3", "2"],
        ["USD", "3.10", "0.10"],
    ];
    assert_eq!(sums, expected);
}

#[tokio::test]
async fn deals_stay_in_the_funnel_as_far_as_they_came() {
    let app = App::start().await;
    let lead = lead(&app).await;
    let new = async || {
        let deal = create(&app, deal(&lead)).await.unwrap();
        update(&app, &deal, amount("10")).await.unwrap()
    };
    let reached = async || {
        let answer = funnel(&app, GetDealFunnelRequest::default()).await;
        let [funnel] = &answer.currencies[..] else {
            panic!("{answer:?}")
        };
        let stages = funnel.stages.iter();
        let numbers = stages.map(|stage| (stage.reached, stage.conversion_percent));
        numbers.collect::<Vec<_>>()
    };
    let percent = |numbers: [(i64, f64); 4]| {
        let mut numbers = numbers.map(|(reached, percent)| (reached, Some(percent)));
        numbers[0].1 = None;
        numbers.to_vec()
    };
    new().await;
    let none = vec![(1, None), (0, Some(0.0)), (0, None), (0, None)];
    assert_eq!(reached().await, none);

    // Lost at the start; won from there; lost after it had gone back.
    update(&app, &new().await, status(DealStatus::Lost))
        .await
        .unwrap();
    let won = new().await;
    update(&app, &won, status(DealStatus::Won)).await.unwrap();
    let back = new().await;
    update(&app, &back, stage(DealStage::Negotiation))
        .await
        .unwrap();
    update(&app, &back, stage(DealStage::Qualification))
        .await
        .unwrap();
    update(&app, &back, status(DealStatus::Lost)).await.unwrap();
    let expected = percent([(4, 0.0), (2, 50.0), (2, 100.0), (1, 50.0)]);
    assert_eq!(reached().await, expected);

    // Closed without an end, it is not lost.
    update(&app, &new().await, stage(DealStage::Closed))
        .await
        .unwrap();
    let expected = percent([(5, 0.0), (3, 60.0), (3, 100.0), (2, 2.0 / 3.0 * 100.0)]);
    assert_eq!(reached().await, expected);

    // Reopened, it is where it was before.
    reopen(&app, &won, DealStage::Qualification).await.unwrap();
    let expected = percent([(5, 0.0), (2, 40.0), (2, 100.0), (1, 50.0)]);
    assert_eq!(reached().await, expected);
    app.assert_invariants().await;
}

/// Mutants: new since midnight; the end of the period forgotten.
#[tokio::test]
async fn new_deals_are_those_of_so_many_times_24_hours() {
    let app = App::start().await;
    let lead = lead(&app).await;
    for age in [
        "0",
        "5 days -1 minute",
        "5 days 1 minute",
        "30 days -1 minute",
        "31 days",
    ] {
        let deal = create(&app, deal(&lead)).await.unwrap();
        app.execute(&format!(
            "UPDATE deals SET create_time = create_time - interval '{age}' WHERE id = '{}'",
            deal.id
        ))
        .await;
    }
    app.verify(true).await;
    let new = async |new_days, start_time, end_time| {
        let request = GetDealSummaryRequest {
            new_days,
            start_time,
            end_time,
            ..Default::default()
        };
        let sums = summary(&app, request).await.currencies;
        (sums[0].new_deals, sums[0].deals)
    };
    assert_eq!(new(None, None, None).await, (4, 5));
    assert_eq!(new(Some(5), None, None).await, (2, 5));
    assert_eq!(new(Some(3660), None, None).await, (5, 5));
    let now = create(&app, deal(&lead))
        .await
        .unwrap()
        .create_time
        .unwrap();
    let day = 86_400;
    let at = |seconds: i64| {
        Some(Timestamp {
            seconds: now.seconds - seconds,
            ..now
        })
    };
    assert_eq!(new(None, at(6 * day), at(3600)).await, (2, 2));
    assert_eq!(new(Some(5), at(40 * day), at(4 * day)).await, (1, 4));
}

#[tokio::test]
async fn sums_are_of_one_organization() {
    let app = App::secure().await;
    let ann = app.user("ann@example.com").await;
    let eve = app.user("eve@example.com").await;
    let acme = app.of(&ann, &app.organization(&ann).await);
    let evil = app.of(&eve, &app.organization(&eve).await);
    create(&acme, deal(&lead(&acme).await)).await.unwrap();
    let minute = Some((SystemTime::now() - Duration::from_mins(1)).into());
    for start_time in [None, minute] {
        for owner_user_id in [String::new(), ann.id.clone()] {
            let request = GetDealSummaryRequest {
                owner_user_id: owner_user_id.clone(),
                start_time,
                ..Default::default()
            };
            let sums = summary(&acme, request.clone()).await.currencies;
            assert_eq!(
                (sums.len(), sums[0].deals, sums[0].by_status.len()),
                (1, 1, STATUSES.len())
            );
            assert_eq!(summary(&evil, request).await.currencies, []);
            let request = GetDealFunnelRequest {
                owner_user_id,
                start_time,
                ..Default::default()
            };
            assert_eq!(funnel(&acme, request.clone()).await.currencies.len(), 1);
            assert_eq!(funnel(&evil, request).await.currencies, []);
        }
    }
}
