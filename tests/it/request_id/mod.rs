//! What every write promises about its `request_id`.

use minicrm::proto::{
    BatchCreateContactsRequest, Contact, ContactStatus, CreateContactRequest, GetOverviewRequest,
    ListContactsRequest, ListDealsRequest, ListLeadsRequest, ListOperatorsRequest,
    ListSourcesRequest, ListTasksRequest, ReassignContactRequest, SetContactStatusRequest, Source,
    UpdateContactRequest,
};
use tonic::Code;
use uuid::Uuid;

use crate::support::{
    App, assert_error, assert_invalid, call, contact, external, operator, request_id,
};

/// Everything there is, to see whether something has changed.
async fn everything(app: &App) -> String {
    let contacts = app.list_contacts(ListContactsRequest::default()).await;
    let mut history = Vec::new();
    for contact in &contacts {
        history.push(app.history(contact).await);
    }
    let operators = ListOperatorsRequest {
        show_deleted: true,
        ..Default::default()
    };
    let operators = call!(app.operators.list_operators(operators)).unwrap();
    let sources = ListSourcesRequest {
        show_deleted: true,
        ..Default::default()
    };
    let mut weights = Vec::new();
    for source in call!(app.sources.list_sources(sources)).unwrap().sources {
        weights.push(app.get_source(&source).await);
    }
    let leads = call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    let overview = call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    let sale = sale(app).await;
    format!("{contacts:?} {history:?} {operators:?} {weights:?} {leads:?} {overview:?} {sale}")
}

/// The same of the deals.
async fn sale(app: &App) -> String {
    let deals = call!(app.deals.list_deals(ListDealsRequest::default())).unwrap();
    let tasks = call!(app.tasks.list_tasks(ListTasksRequest::default())).unwrap();
    let mut timelines = Vec::new();
    for deal in &deals.deals {
        timelines.push(app.timeline(deal).await);
    }
    format!("{deals:?} {tasks:?} {timelines:?}")
}

/// Checks the promises with a request that changes something, one that is
/// refused, and a third.
macro_rules! assert_exactly_once {
    ($app:ident.$service:ident.$method:ident, $request:expr, refused: $refused:expr, other: $other:expr) => {{
        let mut request = $request;
        let before = everything(&$app).await;

        // A refused request does not burn its id.
        let mut refused = $refused;
        refused.request_id = request_id();
        for _ in 0..2 {
            let outcome = call!($app.$service.$method(refused.clone()));
            assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
        }
        assert_eq!(everything(&$app).await, before);
        request.request_id = refused.request_id.to_uppercase();

        let first = call!($app.$service.$method(request.clone())).unwrap();
        let after = everything(&$app).await;
        assert_ne!(after, before, "the first one does something");
        let again = call!($app.$service.$method(request.clone())).unwrap();
        assert_eq!(again, first);
        assert_eq!(everything(&$app).await, after, "the second one does not");

        let mut other = $other;
        other.request_id = request.request_id.clone();
        for reused in [refused, other] {
            let outcome = call!($app.$service.$method(reused));
            let details = assert_error(outcome, Code::InvalidArgument, "REQUEST_ID_REUSED");
            let violations = &details.bad_request().unwrap().field_violations;
            assert_eq!(violations[0].field, "request_id");
        }
        for malformed in ["1", " ", "{00000000-0000-7000-8000-000000000001}"] {
            let mut request = request.clone();
            request.request_id = malformed.to_owned();
            let outcome = call!($app.$service.$method(request));
            assert_invalid(outcome, &["request_id"]);
        }
        assert_eq!(everything(&$app).await, after);
        first
    }};
}

mod callers;
mod others;
mod sale;

fn unknown() -> String {
    Uuid::now_v7().to_string()
}

#[tokio::test]
async fn every_write_of_contacts_is_done_once() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 1), (&bob, 1)]).await;
    let nowhere = Source {
        id: unknown(),
        ..Source::default()
    };
    let answer = assert_exactly_once!(app.contacts.create_contact,
        contact(&source, external("lead")),
        refused: contact(&nowhere, external("lead")),
        other: CreateContactRequest { message: "Other".into(), ..contact(&source, external("lead")) });
    let id = answer.contact.unwrap().id;

    let update = |id: &str, message: &str| UpdateContactRequest {
        contact: Some(Contact {
            id: id.to_owned(),
            message: message.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_exactly_once!(app.contacts.update_contact, update(&id, "New"),
        refused: update(&unknown(), "New"), other: update(&id, "Other"));
    let reassign = |id: &str, force: bool| ReassignContactRequest {
        id: id.to_owned(),
        force,
        ..Default::default()
    };
    assert_exactly_once!(app.contacts.reassign_contact, reassign(&id, false),
        refused: reassign(&unknown(), false), other: reassign(&id, true));
    let status = |id: &str, status: ContactStatus| SetContactStatusRequest {
        id: id.to_owned(),
        status: status.into(),
        ..Default::default()
    };
    assert_exactly_once!(app.contacts.set_contact_status, status(&id, ContactStatus::Closed),
        refused: status(&unknown(), ContactStatus::Closed), other: status(&id, ContactStatus::New));
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_batch_is_taken_in_once() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let batch = |leads: &[&str]| BatchCreateContactsRequest {
        requests: leads
            .iter()
            .map(|id| contact(&source, external(id)))
            .collect(),
        request_id: request_id(),
    };
    let request = batch(&["a", "b", "a"]);
    let first = call!(app.contacts.batch_create_contacts(request.clone())).unwrap();
    let after = everything(&app).await;
    let again = call!(app.contacts.batch_create_contacts(request.clone())).unwrap();
    assert_eq!(again, first);
    for leads in [&["a", "b"][..], &["b", "a", "a"]] {
        let other = BatchCreateContactsRequest {
            request_id: request.request_id.clone(),
            ..batch(leads)
        };
        let outcome = call!(app.contacts.batch_create_contacts(other));
        assert_error(outcome, Code::InvalidArgument, "REQUEST_ID_REUSED");
    }
    let malformed = BatchCreateContactsRequest {
        request_id: "1".to_owned(),
        ..request
    };
    let outcome = call!(app.contacts.batch_create_contacts(malformed));
    assert_invalid(outcome, &["request_id"]);
    assert_eq!(everything(&app).await, after);
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_contact_that_was_refused_can_be_taken_in_later_under_its_id() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let request = CreateContactRequest {
        request_id: request_id(),
        ..contact(&source, external("lead"))
    };
    for active in [false, true] {
        let switched = Source {
            active: Some(active),
            etag: String::new(),
            ..source.clone()
        };
        app.update_source(&switched, &["active"]).await.unwrap();
        for _ in 0..2 {
            let outcome = app.create_contact(request.clone()).await;
            if active {
                assert!(outcome.unwrap().contact.is_some());
            } else {
                assert_error(outcome, Code::FailedPrecondition, "SOURCE_INACTIVE");
            }
        }
    }
    let contacts = app.list_contacts(ListContactsRequest::default()).await;
    assert_eq!(contacts.len(), 1);
    // The first answer stays the answer, whatever became of the source.
    app.delete_source(&source).await;
    let again = app.create_contact(request).await.unwrap();
    assert_eq!(again.contact.as_ref(), contacts.first());
    app.assert_invariants().await;
}
