//! What `GetDistribution` says of each operator, and of what nobody has.

use minicrm::proto::{
    DistributionRow, GetDistributionRequest, GetDistributionResponse, GetOverviewRequest, Operator,
    SourceBacklog,
};

use super::{assert_row, distribution};
use crate::support::{App, call, operator};

#[tokio::test]
async fn those_who_could_have_had_a_contact_are_shown_with_what_they_had() {
    let app = App::start().await;
    let limited = |name: &str| Operator {
        load_limit: Some(1),
        ..operator(name)
    };
    let ann = app.operator(limited("Ann")).await;
    let bob = app.operator(limited("Bob")).await;
    let source = app.source("bot", &[(&ann, 1), (&bob, 3)]).await;
    let first = app.contact(&source).await;
    let answer = distribution(&app, GetDistributionRequest::default()).await;
    for (operator, expected) in [(&ann, 0.25), (&bob, 0.75)] {
        let got = i64::from(first.operator_id.as_ref() == Some(&operator.id));
        let share = if got == 1 { 1.0 } else { 0.0 };
        assert_row(&answer, (&source, operator), (got, got), (share, expected));
    }
    // The second goes to the other one with certainty, the third to nobody.
    app.contact(&source).await;
    app.contact(&source).await;
    let answer = distribution(&app, GetDistributionRequest::default()).await;
    let total: f64 = answer.rows.iter().map(|row| row.expected).sum();
    assert!((total - 2.0).abs() < 1e-9);
    assert!(answer.rows.iter().all(|row| row.contacts == 1));
}

/// Contacts that were closed without an operator, in the backlog, or while their operator
/// was deleted, are in a row, too. Whatever the pages, rows and backlogs are all there is.
#[tokio::test]
async fn nothing_that_is_counted_is_missing_in_the_distribution() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bot = app.source("bot", &[(&ann, 1)]).await;
    let form = app.source("form", &[]).await;
    for source in [&bot, &bot, &form, &form, &form] {
        app.contact(source).await;
    }
    let waiting = app.contact(&form).await;
    app.close(&waiting).await;
    let answer = distribution(&app, GetDistributionRequest::default()).await;
    let row = DistributionRow {
        source_id: form.id.clone(),
        contacts: 1,
        ..Default::default()
    };
    assert_eq!(answer.rows[1..], [row]);
    let backlog = SourceBacklog {
        source_id: form.id.clone(),
        contacts: 3,
    };
    assert_eq!(answer.backlogs, [backlog]);
    app.delete_operator(&ann).await;
    let overview = call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    let whole = distribution(&app, GetDistributionRequest::default()).await;
    let all = |answer: &GetDistributionResponse| {
        let rows = answer.rows.iter().map(|row| row.contacts);
        let backlogs = answer.backlogs.iter().map(|backlog| backlog.contacts);
        rows.chain(backlogs).sum::<i64>()
    };
    assert_eq!((all(&whole), overview.contacts), (6, 6));

    let mut walked = GetDistributionResponse::default();
    let mut request = GetDistributionRequest {
        page_size: 1,
        ..Default::default()
    };
    loop {
        let page = distribution(&app, request.clone()).await;
        assert!(page.rows.len() <= 1);
        walked.rows.extend(page.rows);
        walked.backlogs.extend(page.backlogs);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(walked, whole);
}

/// What was to be expected is what decisions recorded, not what weights would say now:
/// pools of before shares were recorded count by the weights, which were the shares of all.
#[tokio::test]
async fn what_was_to_be_expected_is_what_was_recorded() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 1), (&bob, 3)]).await;
    for _ in 0..4 {
        app.contact(&source).await;
    }
    let expected = async || -> Vec<f64> {
        let answer = distribution(&app, GetDistributionRequest::default()).await;
        answer.rows.iter().map(|row| row.expected).collect()
    };
    assert_eq!(expected().await, [1.0, 3.0]);
    app.execute(
        "UPDATE candidate_pools SET candidates = (
             SELECT jsonb_agg(c - 'share' ORDER BY n)
             FROM jsonb_array_elements(candidates) WITH ORDINALITY AS e (c, n))",
    )
    .await;
    assert_eq!(expected().await, [1.0, 3.0]);
    app.fold().await;
    app.assert_invariants().await;

    // As another strategy would have recorded it.
    let third = app.source("form", &[(&ann, 1), (&bob, 3)]).await;
    app.contact(&third).await;
    app.execute(&format!(
        "UPDATE candidate_pools SET strategy = 'IN_TURN', candidates = (
             SELECT jsonb_agg(c || jsonb_build_object('share', 2 - n) ORDER BY n)
             FROM jsonb_array_elements(candidates) WITH ORDINALITY AS e (c, n))
         WHERE source_id = '{}'",
        third.id
    ))
    .await;
    let request = GetDistributionRequest {
        source_id: third.id.clone(),
        ..Default::default()
    };
    let answer = distribution(&app, request).await;
    let got: f64 = answer.rows.iter().map(|row| row.expected).sum();
    assert!((got - 1.0).abs() < 1e-9);
    let of_ann = answer.rows.iter().find(|row| row.operator_id == ann.id);
    assert_eq!(of_ann.map(|row| row.expected), Some(1.0));
    app.fold().await;
    app.assert_invariants().await;
}
