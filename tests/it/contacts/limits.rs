//! Who can take a contact: activity, weights and both limits; and the reasons
//! of the backlog.

use minicrm::proto::{BacklogReason, Operator};
use tonic::Code;

use crate::support::{App, assert_error, operator};

fn limited(load_limit: Option<i32>, window_limit: Option<i32>) -> Operator {
    Operator {
        load_limit,
        window_limit,
        ..operator("Limited")
    }
}

fn inactive() -> Operator {
    Operator {
        active: Some(false),
        ..operator("Inactive")
    }
}

#[tokio::test]
async fn the_backlog_says_why_nobody_could_take_a_contact() {
    use BacklogReason::{AllAtLimit, AllInactive, NoOperators};
    let app = App::start().await;
    let (idle, full, used_up) = (
        app.operator(inactive()).await,
        app.operator(limited(Some(0), None)).await,
        app.operator(limited(None, Some(0))).await,
    );
    let cases: [(&[(&Operator, i32)], _); 8] = [
        (&[], NoOperators),
        (&[(&full, 0)], NoOperators),
        (&[(&idle, 0), (&full, 0)], NoOperators),
        (&[(&idle, 1)], AllInactive),
        (&[(&idle, 1), (&full, 0)], AllInactive),
        (&[(&full, 1)], AllAtLimit),
        (&[(&used_up, 1)], AllAtLimit),
        (&[(&idle, 1), (&full, 2), (&used_up, 3)], AllAtLimit),
    ];
    for (number, (weights, reason)) in cases.into_iter().enumerate() {
        let source = app.source(&format!("source-{number}"), weights).await;
        let contact = app.contact(&source).await;
        assert_eq!(contact.operator_id, None);
        assert_eq!(contact.backlog_reason(), reason, "case {number}");
        assert_eq!(contact.assign_time, None);
    }
    app.assert_invariants().await;
}

#[tokio::test]
async fn both_limits_hold_at_once() {
    let app = App::start().await;
    let ann = app.operator(limited(Some(2), Some(3))).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let first = app.contact(&source).await;
    let second = app.contact(&source).await;
    assert_eq!(first.operator_id.as_ref(), Some(&ann.id));
    assert_eq!(second.operator_id.as_ref(), Some(&ann.id));
    let third = app.contact(&source).await;
    assert_eq!(
        third.backlog_reason(),
        BacklogReason::AllAtLimit,
        "the load"
    );

    app.close(&first).await;
    assert_eq!(app.contact(&source).await.operator_id, Some(ann.id.clone()));
    app.close(&second).await;
    let fourth = app.contact(&source).await;
    assert_eq!(
        fourth.backlog_reason(),
        BacklogReason::AllAtLimit,
        "the window"
    );
    let now = app.get_operator(&ann).await;
    assert_eq!((now.load, now.window_load), (1, 3));
    let outcome = app.give(&fourth, &ann, false).await;
    assert_error(outcome, Code::FailedPrecondition, "OPERATOR_AT_LIMIT");
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_limit_below_the_load_only_keeps_new_contacts_away() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let mut contacts = Vec::new();
    for _ in 0..3 {
        contacts.push(app.contact(&source).await);
    }
    let lowered = Operator {
        load_limit: Some(1),
        ..ann.clone()
    };
    let lowered = app
        .update_operator(&lowered, &["load_limit"])
        .await
        .unwrap();
    assert_eq!((lowered.load, lowered.load_limit), (3, Some(1)));
    for contact in &contacts {
        assert_eq!(app.get_contact(contact).await, *contact);
        let waiting = app.contact(&source).await;
        assert_eq!(waiting.backlog_reason(), BacklogReason::AllAtLimit);
        app.close(contact).await;
    }
    assert_eq!(app.contact(&source).await.operator_id, Some(ann.id.clone()));
    let unlimited = Operator {
        load_limit: None,
        etag: String::new(),
        ..ann.clone()
    };
    let unlimited = app.update_operator(&unlimited, &["load_limit"]).await;
    assert_eq!(unlimited.unwrap().load_limit, None);
    assert_eq!(app.contact(&source).await.operator_id, Some(ann.id));
    app.assert_invariants().await;
}

#[tokio::test]
async fn only_what_was_given_within_the_window_counts() {
    let app = App::start().await;
    let hour = Operator {
        window: Some(prost_types::Duration {
            seconds: 3600,
            nanos: 0,
        }),
        ..limited(None, Some(2))
    };
    let ann = app.operator(hour).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let age = "UPDATE assignments SET create_time = create_time - interval '59 minutes'";
    app.contact(&source).await;
    app.execute(age).await;
    app.contact(&source).await;
    assert_eq!(app.contact(&source).await.operator_id, None);
    // The first one leaves the window, the second stays in it.
    app.execute("UPDATE assignments SET create_time = create_time - interval '2 minutes'")
        .await;
    assert_eq!(app.get_operator(&ann).await.window_load, 1);
    assert!(app.contact(&source).await.operator_id.is_some());
    assert_eq!(app.contact(&source).await.operator_id, None);
    // A longer window sees it again.
    let longer = Operator {
        window: Some(prost_types::Duration {
            seconds: 7200,
            nanos: 0,
        }),
        ..ann
    };
    let longer = app.update_operator(&longer, &["window"]).await.unwrap();
    assert_eq!(longer.window_load, 3);
}
