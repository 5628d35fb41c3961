//! `AnalyticsService`: what happened, in numbers.

mod deals;
mod ranges;
mod shares;

use minicrm::proto::{
    ContactStatus, ContactStatusCount, DealStatusCount, DistributionRow, GetDistributionRequest,
    GetDistributionResponse, GetOverviewRequest, GetOverviewResponse, ListOperatorLoadsRequest,
    Operator, OperatorLoad, Source, SourceBacklog,
};

use crate::support::{App, assert_invalid, call, contact, external, operator};

async fn distribution(app: &App, request: GetDistributionRequest) -> GetDistributionResponse {
    call!(app.analytics.get_distribution(request)).unwrap()
}

#[track_caller]
fn assert_row(
    answer: &GetDistributionResponse,
    (source, operator): (&Source, &Operator),
    (contacts, active_contacts): (i64, i64),
    (share, expected): (f64, f64),
) {
    let of = |row: &&DistributionRow| row.source_id == source.id && row.operator_id == operator.id;
    let row = answer.rows.iter().find(of).expect("a row");
    assert_eq!(
        (row.contacts, row.active_contacts),
        (contacts, active_contacts)
    );
    assert!((row.share - share).abs() < 1e-9, "{row:?}");
    assert!((row.expected - expected).abs() < 1e-9, "{row:?}");
}

#[tokio::test]
async fn the_overview_counts_what_there_is() {
    let app = App::start().await;
    let request = GetOverviewRequest {};
    let empty = call!(app.analytics.get_overview(request)).unwrap();
    let count = |status: ContactStatus, contacts| ContactStatusCount {
        status: status.into(),
        contacts,
    };
    let counts = |new, busy, closed| {
        vec![
            count(ContactStatus::New, new),
            count(ContactStatus::InProgress, busy),
            count(ContactStatus::Closed, closed),
        ]
    };
    let nothing = GetOverviewResponse {
        contacts_by_status: counts(0, 0, 0),
        deals_by_status: deals::STATUSES
            .map(|status| DealStatusCount {
                status: status.into(),
                deals: 0,
            })
            .into(),
        ..Default::default()
    };
    assert_eq!(empty, nothing);

    let [ann, bob, cem] = ["Ann", "Bob", "Cem"].map(|name| app.operator(operator(name)));
    let (ann, bob, cem) = (ann.await, bob.await, cem.await);
    let bot = app.source("bot", &[(&ann, 1)]).await;
    let form = app.source("form", &[]).await;
    let gone = app.source("gone", &[]).await;
    let mut contacts = Vec::new();
    for (source, lead) in [(&bot, 1), (&bot, 1), (&bot, 2), (&form, 2), (&form, 3)] {
        let answer = app.create_contact(contact(source, external(lead))).await;
        contacts.push(answer.unwrap().contact.unwrap());
    }
    app.set_status(&contacts[1], ContactStatus::InProgress, false)
        .await
        .unwrap();
    app.close(&contacts[2]).await;
    app.close(&contacts[4]).await;
    app.deactivate(&bob).await;
    app.delete_operator(&cem).await;
    app.delete_source(&gone).await;
    let expected = GetOverviewResponse {
        leads: 3,
        contacts: 5,
        contacts_by_status: counts(2, 1, 2),
        backlog: 1,
        operators: 2,
        active_operators: 1,
        sources: 2,
        ..nothing
    };
    assert_eq!(
        call!(app.analytics.get_overview(request)).unwrap(),
        expected
    );
}

#[tokio::test]
async fn what_was_expected_adds_up_to_what_happened() {
    let app = App::start().await;
    let [ann, bob, cem, dan] =
        ["Ann", "Bob", "Cem", "Dan"].map(|name| app.operator(operator(name)));
    let (ann, bob, cem, dan) = (ann.await, bob.await, cem.await, dan.await);
    let bot = app.source("bot", &[(&ann, 1), (&bob, 3)]).await;
    let form = app.source("form", &[(&dan, 1)]).await;
    let empty = app.source("empty", &[]).await;

    let mut contacts = Vec::new();
    for _ in 0..8 {
        contacts.push(app.contact(&bot).await);
    }
    // One is moved by hand, and closed: both were decided with certainty.
    app.give(&contacts[0], &cem, false).await.unwrap();
    app.close(&contacts[0]).await;
    // One is drawn for again, among the others: Ann or Bob, whoever it was not.
    let moved = app.reassign(&contacts[1]).await.unwrap();
    // One stays where it is, and keeps the probability of its draw.
    let kept = app.contact(&form).await;
    app.reassign(&kept).await.unwrap();
    let closed = app.close(&contacts[2]).await;

    let answer = distribution(&app, GetDistributionRequest::default()).await;
    let now = [&ann, &bob].map(|operator| {
        let mut contacts = contacts.clone();
        contacts[1] = moved.clone();
        let held = contacts[1..]
            .iter()
            .filter(|c| c.operator_id.as_ref() == Some(&operator.id));
        i64::try_from(held.count()).unwrap()
    });
    let lost = [&ann, &bob].map(|o| i64::from(closed.operator_id.as_ref() == Some(&o.id)));
    let again =
        [&ann, &bob].map(|o| f64::from(u8::from(moved.operator_id.as_ref() == Some(&o.id))));
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let shares = now.map(|contacts| contacts as f64 / 8.0);
    assert_eq!(answer.rows.len(), 4);
    assert_row(
        &answer,
        (&bot, &ann),
        (now[0], now[0] - lost[0]),
        (shares[0], 6.0 * 0.25 + again[0]),
    );
    assert_row(
        &answer,
        (&bot, &bob),
        (now[1], now[1] - lost[1]),
        (shares[1], 6.0 * 0.75 + again[1]),
    );
    assert_row(&answer, (&bot, &cem), (1, 0), (1.0 / 8.0, 1.0));
    assert_row(&answer, (&form, &dan), (1, 1), (1.0, 1.0));
    let sum: f64 = answer.rows.iter().map(|row| row.expected).sum();
    assert!((sum - 9.0).abs() < 1e-9);
    assert!(
        answer
            .rows
            .is_sorted_by_key(|row| (row.source_id.clone(), row.operator_id.clone()))
    );
    assert_eq!(answer.backlogs, []);

    let only = |source: &Source| GetDistributionRequest {
        source_id: source.id.clone(),
        ..Default::default()
    };
    let of_form = distribution(&app, only(&form)).await;
    assert_eq!(of_form.rows, answer.rows[3..]);
    assert_eq!(
        distribution(&app, only(&empty)).await,
        GetDistributionResponse::default()
    );
}

#[tokio::test]
async fn a_range_takes_in_its_start_and_leaves_out_its_end() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bot = app.source("bot", &[(&ann, 1)]).await;
    let form = app.source("form", &[]).await;
    let mut contacts = Vec::new();
    for _ in 0..3 {
        contacts.push(app.contact(&bot).await);
        contacts.push(app.contact(&form).await);
    }
    app.close(&contacts[5]).await;
    for (start, end, assigned, waiting) in [
        (None, None, 3, 2),
        (Some(2), None, 2, 1),
        (None, Some(2), 1, 1),
        (Some(1), Some(4), 1, 2),
        (Some(4), Some(4), 0, 0),
        (Some(5), None, 0, 0),
    ] {
        let time = |index: Option<usize>| index.and_then(|index| contacts[index].create_time);
        let request = GetDistributionRequest {
            start_time: time(start),
            end_time: time(end),
            ..Default::default()
        };
        let answer = distribution(&app, request).await;
        let of_ann = answer.rows.iter().filter(|row| row.operator_id == ann.id);
        let of_ann: i64 = of_ann.map(|row| row.contacts).sum();
        assert_eq!(of_ann, assigned, "{start:?} to {end:?}");
        let backlog = SourceBacklog {
            source_id: form.id.clone(),
            contacts: waiting,
        };
        let expected = if waiting > 0 { vec![backlog] } else { vec![] };
        assert_eq!(answer.backlogs, expected, "{start:?} to {end:?}");
    }
    let wrong = GetDistributionRequest {
        source_id: "bot".to_owned(),
        start_time: Some(prost_types::Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        }),
        end_time: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        }),
        ..Default::default()
    };
    let outcome = call!(app.analytics.get_distribution(wrong));
    assert_invalid(outcome, &["source_id", "start_time", "end_time"]);
}

#[tokio::test]
async fn loads_are_shown_beside_their_limits() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let limited = Operator {
        load_limit: Some(0),
        window_limit: Some(9),
        ..operator("Bob")
    };
    let bob = app.operator(limited).await;
    let cem = app.operator(operator("Cem")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.contact(&source).await;
    let closed = app.contact(&source).await;
    app.close(&closed).await;
    app.deactivate(&bob).await;
    app.delete_operator(&cem).await;
    let request = ListOperatorLoadsRequest::default();
    let answer = call!(app.analytics.list_operator_loads(request)).unwrap();
    let expected = [
        OperatorLoad {
            operator_id: bob.id,
            operator_name: "Bob".to_owned(),
            active: false,
            load: 0,
            load_limit: Some(0),
            window_load: 0,
            window_limit: Some(9),
        },
        OperatorLoad {
            operator_id: ann.id,
            operator_name: "Ann".to_owned(),
            active: true,
            load: 1,
            load_limit: None,
            window_load: 2,
            window_limit: None,
        },
    ];
    assert_eq!(answer.loads, expected);
}
