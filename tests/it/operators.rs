//! `OperatorService`: the people who handle contacts.

use minicrm::proto::{
    BacklogReason, ContactStatus, DeleteOperatorRequest, GetOperatorRequest, ListContactsRequest,
    ListOperatorsRequest, Operator, UpdateOperatorRequest,
};
use prost_types::Duration;
use tonic::Code;
use uuid::Uuid;

use crate::support::{App, assert_error, assert_invalid, call, mask, operator};

fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

#[tokio::test]
async fn an_operator_is_active_and_without_limits_unless_told_otherwise() {
    let app = App::start().await;
    let ann = app.operator(operator(" Ann ")).await;
    let expected = Operator {
        id: ann.id.clone(),
        name: "Ann".to_owned(),
        active: Some(true),
        window: Some(seconds(24 * 60 * 60)),
        create_time: ann.create_time,
        update_time: ann.create_time,
        etag: ann.etag.clone(),
        ..Operator::default()
    };
    assert_eq!(ann, expected);
    assert_eq!(Uuid::parse_str(&ann.id).unwrap().get_version_num(), 7);
    assert!(ann.create_time.is_some() && !ann.etag.is_empty());

    let given = Operator {
        name: "Ann".to_owned(),
        active: Some(false),
        load_limit: Some(0),
        window_limit: Some(1_000_000),
        window: Some(seconds(31 * 24 * 60 * 60)),
        user_id: Uuid::now_v7().to_string(),
        ..Operator::default()
    };
    let output_only = Operator {
        id: ann.id.clone(),
        load: 7,
        window_load: 7,
        create_time: Some(prost_types::Timestamp::default()),
        delete_time: Some(prost_types::Timestamp::default()),
        etag: "7".to_owned(),
        ..given.clone()
    };
    let twin = app.operator(output_only).await;
    assert_ne!(twin.id, ann.id, "names need not be unique");
    let expected = Operator {
        id: twin.id.clone(),
        create_time: twin.create_time,
        update_time: twin.update_time,
        etag: ann.etag,
        ..given
    };
    assert_eq!(twin, expected);
    assert_eq!(app.get_operator(&twin).await, twin);
    let id = Uuid::now_v7().to_string();
    let outcome = call!(app.operators.get_operator(GetOperatorRequest { id }));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn an_update_changes_what_the_mask_names() {
    let app = App::start().await;
    let full = Operator {
        active: Some(false),
        load_limit: Some(3),
        window_limit: Some(4),
        window: Some(seconds(60)),
        user_id: Uuid::now_v7().to_string(),
        ..operator("Ann")
    };
    let ann = app.operator(full).await;
    let update = async |operator: Operator, update_mask| {
        let operator = Operator {
            id: ann.id.clone(),
            ..operator
        };
        let request = UpdateOperatorRequest {
            operator: Some(operator),
            update_mask,
            ..Default::default()
        };
        let updated = call!(app.operators.update_operator(request))?;
        assert_eq!(app.get_operator(&ann).await, updated);
        Ok::<_, tonic::Status>(updated)
    };
    let stamped = |expected: Operator, stamp: &Operator| Operator {
        etag: stamp.etag.clone(),
        update_time: stamp.update_time,
        ..expected
    };

    // No mask: what is populated. A limit of 0 is, an absent one is not.
    let change = Operator {
        name: "Anna".to_owned(),
        load_limit: Some(0),
        ..Operator::default()
    };
    let first = update(change.clone(), None).await.unwrap();
    let expected = Operator {
        name: "Anna".to_owned(),
        load_limit: Some(0),
        ..ann.clone()
    };
    assert_eq!(first, stamped(expected, &first));
    assert_ne!(
        (&first.etag, first.update_time),
        (&ann.etag, ann.update_time)
    );

    // Named and absent: limits and user are removed, the rest is as on create.
    let paths = ["active", "load_limit", "window", "user_id"];
    let second = update(change.clone(), mask(&paths[..1])).await.unwrap();
    assert_eq!((second.active, second.load_limit), (Some(true), Some(0)));
    let second = update(Operator::default(), mask(&paths)).await.unwrap();
    let expected = Operator {
        active: Some(true),
        load_limit: None,
        window: Some(seconds(24 * 60 * 60)),
        user_id: String::new(),
        ..first
    };
    assert_eq!(second, stamped(expected, &second));

    // All of them.
    let third = update(operator("Ann"), mask(&["*"])).await.unwrap();
    let expected = Operator {
        name: "Ann".to_owned(),
        window_limit: None,
        ..second
    };
    assert_eq!(third, stamped(expected, &third));
    assert_invalid(
        update(Operator::default(), mask(&["*"])).await,
        &["operator.name"],
    );

    // Output-only paths are refused like unknown ones; the etag is no value.
    let times = ["create_time", "update_time", "delete_time"];
    for path in [&["id", "load", "window_load", "loadLimit"][..], &times].concat() {
        let outcome = update(change.clone(), mask(&["name", path])).await;
        assert_invalid(outcome, &["update_mask"]);
    }
    let ignored = update(change.clone(), mask(&["etag"])).await;
    assert_eq!(ignored.unwrap(), third);
    assert_eq!(app.get_operator(&ann).await, third);
}

#[tokio::test]
async fn a_stale_etag_is_refused_and_load_does_not_make_it_stale() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.contact(&source).await;
    let renamed = Operator {
        name: "Anna".to_owned(),
        ..ann.clone()
    };
    let current = app.update_operator(&renamed, &["name"]).await.unwrap();
    assert_eq!((current.load, current.window_load), (1, 1));
    let outcome = app.update_operator(&renamed, &["name"]).await;
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    let delete = |etag: &str| DeleteOperatorRequest {
        id: ann.id.clone(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    for stale in [&ann.etag, "x"] {
        let outcome = call!(app.operators.delete_operator(delete(stale)));
        assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    }
    call!(app.operators.delete_operator(delete(&current.etag))).unwrap();
    let fresh = Operator {
        etag: String::new(),
        ..renamed
    };
    let outcome = app.update_operator(&fresh, &["name"]).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_deleted_operator_returns_its_contacts_to_the_backlog() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let busy = app.contact(&source).await;
    let status = ContactStatus::InProgress;
    let busy = app.set_status(&busy, status, false).await.unwrap();
    let new = app.contact(&source).await;
    let closed = app.contact(&source).await;
    let closed = app.close(&closed).await;

    let deleted = app.delete_operator(&ann).await;
    assert!(deleted.delete_time.is_some());
    assert_eq!((deleted.load, deleted.active), (0, Some(false)));
    assert_eq!(deleted.name, "Ann");
    assert_ne!(deleted.etag, ann.etag);
    assert_eq!(
        app.get_operator(&ann).await,
        deleted,
        "it can still be read"
    );
    assert_eq!(app.get_contact(&closed).await, closed);
    for contact in [&busy, &new] {
        let now = app.get_contact(contact).await;
        assert_eq!((now.operator_id, now.assign_time), (None, None));
        assert_eq!(now.backlog_reason, BacklogReason::OperatorDeleted as i32);
        assert_eq!(now.status, contact.status);
        assert_ne!(now.etag, contact.etag);
    }
    let unassigned = ListContactsRequest {
        unassigned: true,
        ..Default::default()
    };
    assert_eq!(app.list_contacts(unassigned).await.len(), 2);
    assert_eq!(app.get_source(&source).await.weights, []);
    let waiting = app.contact(&source).await;
    assert_eq!(waiting.backlog_reason(), BacklogReason::NoOperators);

    let outcome = app.set_weight(&source, &ann, 1).await;
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    let request = DeleteOperatorRequest {
        id: ann.id.clone(),
        ..Default::default()
    };
    let outcome = call!(app.operators.delete_operator(request));
    assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_deactivated_operator_keeps_its_contacts_and_takes_no_new_ones() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    app.deactivate(&ann).await;
    assert_eq!(app.get_contact(&contact).await, contact);
    assert_eq!(app.get_operator(&ann).await.load, 1);
    let waiting = app.contact(&source).await;
    assert_eq!(waiting.backlog_reason(), BacklogReason::AllInactive);
}

#[tokio::test]
async fn operators_are_listed_by_activity_and_with_their_load() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let cem = app.operator(operator("Cem")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.contact(&source).await;
    app.deactivate(&bob).await;
    app.delete_operator(&cem).await;
    for (active, show_deleted, expected) in [
        (None, false, "Bob Ann"),
        (Some(true), false, "Ann"),
        (Some(false), false, "Bob"),
        (None, true, "Cem Bob Ann"),
        (Some(true), true, "Ann"),
        (Some(false), true, "Cem Bob"),
    ] {
        let request = ListOperatorsRequest {
            active,
            show_deleted,
            ..Default::default()
        };
        let listed = call!(app.operators.list_operators(request)).unwrap();
        let names: Vec<_> = listed.operators.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(names.join(" "), expected);
        for operator in &listed.operators {
            assert_eq!(app.get_operator(operator).await, *operator);
        }
    }
    assert_eq!(app.get_operator(&ann).await.load, 1);
}
