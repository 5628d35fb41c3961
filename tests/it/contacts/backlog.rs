//! `ReassignContact { to_backlog }`: a contact is taken from its operator for nobody else
//! to have it.

use minicrm::proto::{
    AssignmentKind, BacklogReason, Contact, GetOverviewRequest, ListContactsRequest, Operator,
    ReassignContactRequest,
};
use tonic::{Code, Status};

use crate::support::{App, assert_error, assert_invalid, call, operator, request_id};

async fn take_back(app: &App, contact: &Contact) -> Result<Contact, Status> {
    let request = ReassignContactRequest {
        id: contact.id.clone(),
        to_backlog: true,
        ..Default::default()
    };
    call!(app.contacts.reassign_contact(request))
}

#[tokio::test]
async fn a_contact_is_taken_from_its_operator() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let contact = app.contact(&source).await;
    app.set_weight(&source, &bob, 1).await.unwrap();
    let request = ReassignContactRequest {
        id: contact.id.clone(),
        to_backlog: true,
        request_id: request_id(),
        ..Default::default()
    };
    let taken = call!(app.contacts.reassign_contact(request.clone())).unwrap();
    let expected = Contact {
        operator_id: None,
        backlog_reason: BacklogReason::TakenBack.into(),
        assign_time: None,
        etag: taken.etag.clone(),
        update_time: taken.update_time,
        ..contact.clone()
    };
    assert_eq!(taken, expected);
    assert_ne!(taken.etag, contact.etag);
    assert_eq!(app.get_contact(&contact).await, taken);
    assert_eq!(app.get_operator(&ann).await.load, 0);
    assert_eq!(app.get_operator(&bob).await.load, 0);
    let decision = app.history(&contact).await.swap_remove(0);
    assert_eq!(decision.kind(), AssignmentKind::Released);
    assert_eq!(decision.backlog_reason(), BacklogReason::TakenBack);
    assert_eq!(decision.previous_operator_id, Some(ann.id.clone()));
    assert_eq!((decision.operator_id, decision.draw), (None, None));
    let backlog = ListContactsRequest {
        unassigned: true,
        ..Default::default()
    };
    assert_eq!(
        app.list_contacts(backlog).await,
        std::slice::from_ref(&taken)
    );
    app.fold().await;
    let overview = call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    assert_eq!(overview.backlog, 1);

    // Once more, and as a repetition, nothing happens.
    assert_eq!(take_back(&app, &contact).await.unwrap(), taken);
    let again = call!(app.contacts.reassign_contact(request)).unwrap();
    assert_eq!(again, taken);
    assert_eq!(app.history(&contact).await.len(), 2);

    // It can be given to somebody again.
    let given = app.give(&contact, &bob, false).await.unwrap();
    assert_eq!(given.operator_id, Some(bob.id.clone()));
    assert_eq!(given.backlog_reason(), BacklogReason::Unspecified);
    app.close(&contact).await;
    let closed = take_back(&app, &contact).await;
    assert_error(closed, Code::FailedPrecondition, "CONTACT_CLOSED");
    let nowhere = Contact {
        id: ann.id.clone(),
        ..Contact::default()
    };
    let unknown = take_back(&app, &nowhere).await;
    assert_error(unknown, Code::NotFound, "RESOURCE_NOT_FOUND");
    let both = ReassignContactRequest {
        id: contact.id,
        operator_id: Some(bob.id),
        to_backlog: true,
        ..Default::default()
    };
    let outcome = call!(app.contacts.reassign_contact(both));
    assert_invalid(outcome, &["to_backlog"]);
    app.assert_invariants().await;
}

/// What is said to people are sentences, without ids.
#[tokio::test]
async fn a_limit_is_told_in_words() {
    let app = App::start().await;
    let limited = Operator {
        load_limit: Some(1),
        ..operator("Ann")
    };
    let ann = app.operator(limited).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.contact(&source).await;
    let waiting = app.contact(&source).await;
    let outcome = app.give(&waiting, &ann, false).await;
    let message = outcome.clone().unwrap_err().message().to_owned();
    assert_eq!(
        message,
        "The operator has reached their limit of 1 active contact."
    );
    let details = assert_error(outcome, Code::FailedPrecondition, "OPERATOR_AT_LIMIT");
    let violation = &details.precondition_failure().unwrap().violations[0];
    assert_eq!(violation.subject, format!("operator/{}", ann.id));
}
