//! `ReassignContact`: by a new draw, and to an operator who is named.

use minicrm::proto::{AssignmentKind, BacklogReason, Contact, ContactStatus, Operator};
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, operator};

fn with_load_limit(load_limit: i32) -> Operator {
    Operator {
        load_limit: Some(load_limit),
        ..operator("Limited")
    }
}

#[tokio::test]
async fn a_new_draw_gives_a_contact_to_somebody_else() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 1), (&bob, 1_000_000)]).await;
    let contact = app.contact(&source).await;
    let status = ContactStatus::InProgress;
    let mut before = app.set_status(&contact, status, false).await.unwrap();
    for _ in 0..4 {
        let after = app.reassign(&before).await.unwrap();
        assert_ne!(after.operator_id, before.operator_id);
        assert_ne!(after.etag, before.etag);
        assert_eq!(after.status(), status, "it goes on where it was");
        assert_ne!(after.assign_time, before.assign_time);
        let loads = [&ann, &bob].map(|operator| app.get_operator(operator));
        let [ann_now, bob_now] = loads;
        assert_eq!((ann_now.await.load + bob_now.await.load), 1);
        let decision = app.history(&contact).await.swap_remove(0);
        assert_eq!(decision.kind(), AssignmentKind::Reassigned);
        assert_eq!(decision.operator_id, after.operator_id);
        assert_eq!(decision.create_time, after.assign_time);
        assert_eq!(decision.previous_operator_id, before.operator_id);
        assert_eq!(decision.probability, Some(1.0));
        before = after;
    }
    assert_eq!(app.history(&contact).await.len(), 5);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_that_nobody_else_can_take_stays_with_an_active_operator() {
    let app = App::start().await;
    let ann = app.operator(with_load_limit(1)).await;
    let full = app.operator(with_load_limit(0)).await;
    let alone = app.source("alone", &[(&ann, 1), (&full, 1)]).await;
    let contact = app.contact(&alone).await;
    assert_eq!(app.reassign(&contact).await.unwrap(), contact);
    let now = app.get_operator(&ann).await;
    assert_eq!((now.load, now.window_load), (1, 1), "nothing was given");
    let decision = app.history(&contact).await.swap_remove(0);
    assert_eq!(decision.kind(), AssignmentKind::Kept);
    assert_eq!(decision.operator_id, Some(ann.id.clone()));
    assert_eq!(decision.previous_operator_id, Some(ann.id.clone()));
    assert_eq!((decision.draw, decision.probability), (None, None));

    // One who was given it by hand and has no weight here stays too.
    let elsewhere = app.operator(operator("Elsewhere")).await;
    let given = app.give(&contact, &elsewhere, false).await.unwrap();
    let blocker = app.give(&app.contact(&alone).await, &ann, true).await;
    assert_eq!(blocker.unwrap().operator_id, Some(ann.id));
    assert_eq!(app.reassign(&contact).await.unwrap(), given);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_of_an_inactive_operator_goes_to_the_backlog_if_nobody_else_can() {
    let app = App::start().await;
    let full = app.operator(with_load_limit(0)).await;
    let others: [(&[(&Operator, i32)], _); 3] = [
        (&[(&full, 1)], BacklogReason::AllAtLimit),
        (&[(&full, 0)], BacklogReason::AllInactive),
        (&[], BacklogReason::AllInactive),
    ];
    for (number, (others, reason)) in others.into_iter().enumerate() {
        let ann = app.operator(operator("Ann")).await;
        let weights = [&[(&ann, 1)], others].concat();
        let source = app.source(&format!("source-{number}"), &weights).await;
        let contact = app.contact(&source).await;
        app.deactivate(&ann).await;
        let waiting = app.reassign(&contact).await.unwrap();
        assert_eq!(
            (waiting.operator_id.as_ref(), waiting.assign_time),
            (None, None)
        );
        assert_eq!(waiting.backlog_reason(), reason, "case {number}");
        assert_eq!(app.get_operator(&ann).await.load, 0);
        let decision = app.history(&contact).await.swap_remove(0);
        assert_eq!(decision.kind(), AssignmentKind::Reassigned);
        assert_eq!(decision.previous_operator_id, Some(ann.id));
        assert_eq!(decision.backlog_reason(), reason);
    }
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_of_the_backlog_is_drawn_for_as_things_are_now() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let contact = app.contact(&source).await;
    assert_eq!(contact.backlog_reason(), BacklogReason::NoOperators);
    let idle = Operator {
        active: Some(false),
        ..operator("Ann")
    };
    let ann = app.operator(idle).await;
    app.set_weight(&source, &ann, 1).await.unwrap();
    let waiting = app.reassign(&contact).await.unwrap();
    assert_eq!(waiting.backlog_reason(), BacklogReason::AllInactive);
    assert_ne!(waiting.etag, contact.etag);
    let active = Operator {
        active: Some(true),
        ..ann.clone()
    };
    app.update_operator(&active, &["active"]).await.unwrap();
    let assigned = app.reassign(&contact).await.unwrap();
    assert_eq!(assigned.operator_id, Some(ann.id));
    assert_eq!(assigned.backlog_reason(), BacklogReason::Unspecified);
    assert!(assigned.assign_time.is_some());
    let kinds: Vec<_> = app.history(&contact).await;
    let previous = kinds.iter().map(|decision| &decision.previous_operator_id);
    assert_eq!(previous.collect::<Vec<_>>(), [&None, &None, &None]);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_named_operator_needs_no_weight_but_room_and_activity_or_force() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    let idle = Operator {
        active: Some(false),
        ..operator("Idle")
    };
    let used_up = Operator {
        window_limit: Some(0),
        ..operator("Used up")
    };
    for (named, reason) in [
        (operator("Free"), None),
        (idle, Some("OPERATOR_INACTIVE")),
        (with_load_limit(0), Some("OPERATOR_AT_LIMIT")),
        (used_up, Some("OPERATOR_AT_LIMIT")),
    ] {
        let named = app.operator(named).await;
        let before = app.get_contact(&contact).await;
        if let Some(reason) = reason {
            let outcome = app.give(&contact, &named, false).await;
            assert_error(outcome, Code::FailedPrecondition, reason);
            assert_eq!(app.get_contact(&contact).await, before);
        }
        let given = app.give(&contact, &named, true).await.unwrap();
        assert_eq!(given.operator_id, Some(named.id.clone()));
        let now = app.get_operator(&named).await;
        assert_eq!((now.load, now.window_load), (1, 1));
        let decision = app.history(&contact).await.swap_remove(0);
        assert_eq!(decision.kind(), AssignmentKind::Manual);
        assert_eq!(decision.operator_id, Some(named.id.clone()));
        assert_eq!(decision.previous_operator_id, before.operator_id);
        assert_eq!(decision.forced, reason.is_some(), "only what was overruled");
        assert_eq!((decision.draw, decision.probability), (None, None));
        assert!(decision.candidates.is_empty() && decision.excluded.is_empty());

        // Whom it already has is no error, limits or not, and no decision.
        assert_eq!(app.give(&contact, &named, false).await.unwrap(), given);
        assert_eq!(app.history(&contact).await[0], decision);
    }
    assert_eq!(app.get_operator(&ann).await.load, 0);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_of_the_backlog_can_be_given_by_hand() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[]).await;
    let contact = app.contact(&source).await;
    let given = app.give(&contact, &ann, false).await.unwrap();
    assert_eq!(given.operator_id.as_ref(), Some(&ann.id));
    assert_eq!(given.backlog_reason(), BacklogReason::Unspecified);
    app.assert_invariants().await;
}

#[tokio::test]
async fn only_active_contacts_go_only_to_operators_that_exist() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    app.delete_operator(&bob).await;
    let unknown = Operator {
        id: Uuid::now_v7().to_string(),
        ..Operator::default()
    };
    for gone in [&bob, &unknown] {
        let outcome = app.give(&contact, gone, true).await;
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    app.close(&contact).await;
    let outcome = app.reassign(&contact).await;
    assert_error(outcome, Code::FailedPrecondition, "CONTACT_CLOSED");
    let outcome = app.give(&contact, &ann, true).await;
    assert_error(outcome, Code::FailedPrecondition, "CONTACT_CLOSED");
    let unknown = Contact {
        id: Uuid::now_v7().to_string(),
        ..Contact::default()
    };
    let outcome = app.reassign(&unknown).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let outcome = app.give(&unknown, &ann, false).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    app.assert_invariants().await;
}
