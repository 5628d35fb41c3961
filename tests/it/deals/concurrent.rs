//! Many clients change one deal.

use futures_util::future::join_all;
use minicrm::proto::{Deal, DealStage, DealStatus, activity::Payload};
use tonic::Code;

use super::{amount, create, deal, get, lead, stage, status, update};
use crate::support::App;

const CLIENTS: usize = 16;
const ROUNDS: usize = 8;

/// Mutant: the deal is read without a lock.
#[tokio::test]
async fn no_update_of_a_deal_is_lost() {
    let app = App::start().await;
    let other = App::on(app.database_url.clone()).await;
    let made = create(&app, deal(&lead(&app).await)).await.unwrap();
    // Each adds one, to the deal as it has just read it.
    let add = async |n: usize| {
        let app = [&app, &other][n % 2];
        for _ in 0..ROUNDS {
            loop {
                let read = get(app, &made).await.unwrap();
                let whole: i64 = read.amount.trim_end_matches(".00").parse().unwrap();
                let change = Deal {
                    etag: read.etag,
                    ..amount(&(whole + 1).to_string())
                };
                match update(app, &made, change).await {
                    Ok(_) => break,
                    Err(error) => assert_eq!(error.code(), Code::Aborted, "{error:?}"),
                }
            }
        }
    };
    join_all((0..CLIENTS).map(add)).await;
    let total = format!("{}.00", CLIENTS * ROUNDS);
    assert_eq!(get(&app, &made).await.unwrap().amount, total);
    // One history: each change goes on from the one before.
    let history = app.timeline(&made).await;
    let mut expected = i64::try_from(CLIENTS * ROUNDS).unwrap();
    for activity in &history[..CLIENTS * ROUNDS] {
        let amounts = [expected - 1, expected].map(|whole| format!("{whole}.00"));
        let Some(Payload::AmountChanged(change)) = &activity.payload else {
            panic!("{activity:?}")
        };
        assert_eq!([&change.old_amount, &change.new_amount], amounts.each_ref());
        assert_eq!(activity.number, expected + 1);
        expected -= 1;
    }
    app.assert_invariants().await;
}

/// Mutant: the deal is read without a lock.
#[tokio::test]
async fn a_deal_ends_once() {
    let app = App::start().await;
    let lead = lead(&app).await;
    for _ in 0..5 {
        let worth = Deal {
            amount: "1".to_owned(),
            ..deal(&lead)
        };
        let made = create(&app, worth).await.unwrap();
        let end = async |n: usize| {
            let change = match n % 3 {
                0 => status(DealStatus::Won),
                1 => status(DealStatus::Lost),
                _ => stage(DealStage::Negotiation),
            };
            update(&app, &made, change).await.ok()
        };
        let outcomes = join_all((0..CLIENTS).map(end)).await;
        let ended = get(&app, &made).await.unwrap();
        assert_eq!(ended.stage(), DealStage::Closed);
        let ends = outcomes
            .iter()
            .flatten()
            .filter(|deal| deal.close_time.is_some());
        assert!(ends.clone().all(|deal| deal.status == ended.status));
        assert!(ends.count() > 0);
        // It is on record once that it ended, and with what.
        let history = app.timeline(&made).await;
        let statuses: Vec<_> = history
            .iter()
            .filter_map(|activity| match &activity.payload {
                Some(Payload::StatusChanged(change)) => Some(change.new_status),
                _ => None,
            })
            .collect();
        assert_eq!(statuses, [ended.status]);
    }
    app.assert_invariants().await;
}
