//! `SetContactStatus`: what becomes of the load, and when reopening is refused.

use minicrm::proto::{
    ApiKeyAccess, AssignmentKind, BacklogReason, Contact, ContactStatus, Operator, Role,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, operator};

const STATUSES: [ContactStatus; 3] = [
    ContactStatus::New,
    ContactStatus::InProgress,
    ContactStatus::Closed,
];

#[tokio::test]
async fn every_status_follows_every_other_and_the_load_follows_too() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    for from in STATUSES {
        for to in STATUSES {
            let before = app.set_status(&contact, from, false).await.unwrap();
            let after = app.set_status(&contact, to, false).await.unwrap();
            assert_eq!(after.status(), to);
            assert_eq!(after.operator_id, contact.operator_id);
            assert_eq!(after.assign_time, contact.assign_time);
            let closed = to == ContactStatus::Closed;
            assert_eq!(after.close_time.is_some(), closed);
            assert_eq!(app.get_operator(&ann).await.load, i32::from(!closed));
            if from == to {
                assert_eq!(after, before, "nothing changes, not even the etag");
            } else {
                assert_ne!(after.etag, before.etag);
            }
        }
    }
    assert_eq!(app.get_operator(&ann).await.etag, ann.etag);
    assert_eq!(app.history(&contact).await.len(), 1, "no new decision");
    let unknown = Contact {
        id: Uuid::now_v7().to_string(),
        ..contact
    };
    let outcome = app.set_status(&unknown, ContactStatus::New, false).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    app.assert_invariants().await;
}

#[tokio::test]
async fn reopening_needs_room_in_the_load_or_force() {
    let app = App::start().await;
    let limited = Operator {
        load_limit: Some(1),
        ..operator("Ann")
    };
    let ann = app.operator(limited).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let first = app.contact(&source).await;
    let closed = app.close(&first).await;
    let second = app.contact(&source).await;
    for status in [ContactStatus::New, ContactStatus::InProgress] {
        let outcome = app.set_status(&first, status, false).await;
        assert_error(outcome, Code::FailedPrecondition, "OPERATOR_AT_LIMIT");
    }
    assert_eq!(app.get_contact(&first).await, closed);
    let forced = app
        .set_status(&first, ContactStatus::InProgress, true)
        .await;
    assert_eq!(forced.unwrap().operator_id.as_ref(), Some(&ann.id));
    assert_eq!(app.get_operator(&ann).await.load, 2);
    app.close(&first).await;
    app.close(&second).await;
    app.set_status(&first, ContactStatus::New, false)
        .await
        .unwrap();
    app.assert_invariants().await;
}

#[tokio::test]
async fn reopening_asks_for_activity_but_not_for_the_window() {
    let app = App::start().await;
    let limited = Operator {
        window_limit: Some(1),
        ..operator("Ann")
    };
    let ann = app.operator(limited).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    app.close(&contact).await;
    app.set_status(&contact, ContactStatus::New, false)
        .await
        .unwrap();
    let now = app.get_operator(&ann).await;
    assert_eq!((now.load, now.window_load), (1, 1), "nothing was given");

    app.close(&contact).await;
    app.deactivate(&ann).await;
    let outcome = app.set_status(&contact, ContactStatus::New, false).await;
    assert_error(outcome, Code::FailedPrecondition, "OPERATOR_INACTIVE");
    app.set_status(&contact, ContactStatus::New, true)
        .await
        .unwrap();
    assert_eq!(app.get_operator(&ann).await.load, 1);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_of_a_deleted_operator_is_reopened_into_the_backlog() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    app.close(&contact).await;
    app.delete_operator(&ann).await;
    let closed = app.get_contact(&contact).await;
    assert_eq!(closed.operator_id.as_ref(), Some(&ann.id), "history stays");
    let outcome = app.set_status(&contact, ContactStatus::New, false).await;
    assert_error(outcome, Code::FailedPrecondition, "OPERATOR_INACTIVE");
    let open = app
        .set_status(&contact, ContactStatus::New, true)
        .await
        .unwrap();
    assert_eq!((open.operator_id.as_ref(), open.assign_time), (None, None));
    assert_eq!(open.backlog_reason(), BacklogReason::OperatorDeleted);
    assert_eq!(open.close_time, None);
    let decision = &app.history(&contact).await[0];
    assert_eq!(decision.kind(), AssignmentKind::Released);
    assert_eq!(decision.previous_operator_id, Some(ann.id.clone()));
    assert_eq!(app.get_operator(&ann).await.load, 0);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_of_the_backlog_can_be_worked_on_closed_and_reopened() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let contact = app.contact(&source).await;
    for status in [
        ContactStatus::InProgress,
        ContactStatus::Closed,
        ContactStatus::New,
    ] {
        let changed = app.set_status(&contact, status, false).await.unwrap();
        assert_eq!(changed.status(), status);
        assert_eq!(changed.backlog_reason(), BacklogReason::NoOperators);
    }
    app.assert_invariants().await;
}

/// Mutant: `Change::new` without the check.
#[tokio::test]
async fn members_may_not_force() {
    let app = App::secure().await;
    let owner = app.user("ann@example.com").await;
    let acme = app.organization(&owner).await;
    let anns = app.of(&owner, &acme);
    let bob = anns.member("bob@example.com", Role::Member).await;
    let limited = Operator {
        user_id: bob.id.clone(),
        load_limit: Some(1),
        ..operator("Bob")
    };
    let limited = anns.operator(limited).await;
    let source = anns.source("bot", &[(&limited, 1)]).await;
    let first = anns.contact(&source).await;
    let bobs = app.of(&bob, &acme);
    // Not even where there is nothing to force.
    for status in [ContactStatus::InProgress, ContactStatus::Closed] {
        let forced = bobs.set_status(&first, status, true).await;
        assert_error(forced, Code::PermissionDenied, "ROLE_DENIED");
        bobs.set_status(&first, status, false).await.unwrap();
    }
    anns.contact(&source).await;
    let status = ContactStatus::New;
    let refused = bobs.set_status(&first, status, false).await;
    assert_error(refused, Code::FailedPrecondition, "OPERATOR_AT_LIMIT");
    let forced = bobs.set_status(&first, status, true).await;
    assert_error(forced, Code::PermissionDenied, "ROLE_DENIED");
    assert_eq!(anns.get_operator(&limited).await.load, 1);

    let cem = anns.member("cem@example.com", Role::Manager).await;
    let key = anns.key(ApiKeyAccess::Manager).await;
    for allowed in [app.of(&cem, &acme), app.with(&key.secret, "")] {
        allowed.set_status(&first, status, true).await.unwrap();
        allowed.close(&first).await;
    }
    anns.assert_invariants().await;
}
