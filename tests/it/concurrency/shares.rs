//! Shares follow the weights.

use minicrm::proto::{BatchCreateContactsRequest, GetDistributionRequest};
use tokio::task::JoinSet;

use crate::support::{App, contact, external, operator};

/// The critical value of chi-square with 2 degrees of freedom at p = 0.001 is
/// 13.8. Mutant: a pick that ignores the weights.
#[tokio::test(flavor = "multi_thread")]
async fn shares_follow_the_weights() {
    const BATCHES: usize = 60;
    const BATCH: usize = 1000;
    let app = App::start().await;
    let operators = [
        app.operator(operator("Ann")).await,
        app.operator(operator("Bob")).await,
        app.operator(operator("Cem")).await,
    ];
    let weights: Vec<_> = operators.iter().zip([10, 20, 30]).collect();
    let source = app.source("bot", &weights).await;
    let mut clients = JoinSet::new();
    for batch in 0..BATCHES {
        let requests: Vec<_> = (0..BATCH)
            .map(|n| contact(&source, external(batch * BATCH + n)))
            .collect();
        let mut client = app.contacts.clone();
        clients.spawn(async move {
            let batch = BatchCreateContactsRequest {
                requests,
                ..Default::default()
            };
            client.batch_create_contacts(batch).await.unwrap();
        });
        if clients.len() >= 4 {
            clients.join_next().await.unwrap().unwrap();
        }
    }
    clients.join_all().await;
    let request = GetDistributionRequest::default();
    let distribution = app
        .analytics
        .clone()
        .get_distribution(request)
        .await
        .unwrap();
    let rows = distribution.into_inner().rows;
    assert_eq!(rows.iter().map(|row| row.contacts).sum::<i64>(), 60_000);
    let chi_square: f64 = weights
        .iter()
        .map(|(operator, weight)| {
            let row = rows
                .iter()
                .find(|row| row.operator_id == operator.id)
                .unwrap();
            let expected = 60_000.0 * f64::from(*weight) / 60.0;
            // Each chance is kept in billionths.
            assert!((row.expected - expected).abs() < 60_000.0 * 1e-9);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let difference = row.contacts as f64 - expected;
            difference * difference / expected
        })
        .sum();
    assert!(chi_square < 13.8, "chi-square {chi_square}");
    app.assert_invariants().await;
}
