//! `BatchCreateContacts`: one result per item, whatever its neighbours are.

use minicrm::proto::{
    BacklogReason, BatchCreateContactsRequest, BatchCreateContactsResult, CreateContactRequest,
    CreateContactResponse, ListContactsRequest, Operator, Source,
    batch_create_contacts_result::Result as Outcome, create_contact_request,
};
use prost::Message;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{
    App, assert_error, assert_invalid, call, contact, external, operator, request_id,
};

fn batch(requests: Vec<CreateContactRequest>) -> BatchCreateContactsRequest {
    BatchCreateContactsRequest {
        requests,
        ..Default::default()
    }
}

async fn send(app: &App, batch: BatchCreateContactsRequest) -> Vec<BatchCreateContactsResult> {
    call!(app.contacts.batch_create_contacts(batch))
        .unwrap()
        .results
}

/// The result as `CreateContact` would have given it.
fn outcome(result: &BatchCreateContactsResult) -> Result<CreateContactResponse, Status> {
    match result.result.clone().unwrap() {
        Outcome::Response(response) => Ok(response),
        Outcome::Error(status) => Err(Status::with_details(
            Code::from(status.code),
            status.message.clone(),
            status.encode_to_vec().into(),
        )),
    }
}

#[tokio::test]
async fn a_refused_item_does_not_hinder_the_others() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let paused = app.source("paused", &[]).await;
    let paused = Source {
        active: Some(false),
        ..paused
    };
    app.update_source(&paused, &["active"]).await.unwrap();
    let unknown = Source {
        id: Uuid::now_v7().to_string(),
        ..Source::default()
    };
    let invalid = CreateContactRequest {
        source: None,
        lead: None,
        message: "\0".to_owned(),
        request_id: "1".to_owned(),
    };
    let by_code = CreateContactRequest {
        source: Some(create_contact_request::Source::SourceCode("BOT".to_owned())),
        ..contact(&source, external("a"))
    };
    let results = send(
        &app,
        batch(vec![
            contact(&source, external("a")),
            invalid,
            contact(&unknown, external("b")),
            contact(&paused, external("b")),
            by_code,
        ]),
    )
    .await;
    let [first, invalid, unknown, paused, last] = &results[..] else {
        panic!()
    };
    let (first, last) = (outcome(first).unwrap(), outcome(last).unwrap());
    assert!(first.lead_created && !last.lead_created);
    assert_eq!(first.lead.unwrap().id, last.lead.unwrap().id);
    assert_eq!(
        (first.operator.unwrap().load, last.operator.unwrap().load),
        (1, 2)
    );
    assert_invalid(
        outcome(invalid),
        &["source", "lead", "message", "request_id"],
    );
    assert_error(outcome(unknown), Code::NotFound, "RESOURCE_NOT_FOUND");
    assert_error(outcome(paused), Code::FailedPrecondition, "SOURCE_INACTIVE");
    assert_eq!(
        app.list_contacts(ListContactsRequest::default())
            .await
            .len(),
        2
    );
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_batch_holds_1_to_1000_contacts_and_limits_hold_within_it() {
    let app = App::start().await;
    let limited = Operator {
        load_limit: Some(7),
        ..operator("Ann")
    };
    let ann = app.operator(limited).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let outcome_of = async |count: usize| {
        let requests = (0..count).map(|n| contact(&source, external(n))).collect();
        call!(app.contacts.batch_create_contacts(batch(requests)))
    };
    assert_invalid(outcome_of(0).await, &["requests"]);
    assert_invalid(outcome_of(1001).await, &["requests"]);
    let results = outcome_of(1000).await.unwrap().results;
    let contacts: Vec<_> = results
        .iter()
        .map(|result| outcome(result).unwrap().contact.unwrap())
        .collect();
    assert_eq!(contacts.len(), 1000);
    let (given, waiting) = contacts.split_at(7);
    assert!(given.iter().all(|contact| contact.operator_id.is_some()));
    for contact in waiting {
        assert_eq!(contact.backlog_reason(), BacklogReason::AllAtLimit);
    }
    assert!(contacts.is_sorted_by(|a, b| a.id < b.id), "in their order");
    app.assert_invariants().await;
}

#[tokio::test]
async fn a_batch_of_1000_long_messages_is_taken_in() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    let requests = (0..1000).map(|n| CreateContactRequest {
        message: "x".repeat(4000),
        ..contact(&source, external(n))
    });
    let mut client = app.contacts.clone().max_decoding_message_size(64 << 20);
    let answer = client
        .batch_create_contacts(batch(requests.collect()))
        .await;
    let results = answer.unwrap().into_inner().results;
    assert!(results.iter().all(|result| outcome(result).is_ok()));
}

#[tokio::test]
async fn a_batch_that_is_repeated_takes_each_item_in_once() {
    let app = App::start().await;
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let paused = app.source("paused", &[]).await;
    let switch = async |active: bool| {
        let paused = Source {
            active: Some(active),
            etag: String::new(),
            ..paused.clone()
        };
        app.update_source(&paused, &["active"]).await.unwrap();
    };
    switch(false).await;
    let own = CreateContactRequest {
        request_id: request_id(),
        ..contact(&source, external("own"))
    };
    let request = BatchCreateContactsRequest {
        requests: vec![
            contact(&source, external("a")),
            contact(&source, external("a")),
            own.clone(),
            contact(&paused, external("b")),
        ],
        request_id: request_id(),
    };
    let first = send(&app, request.clone()).await;
    assert_eq!(send(&app, request.clone()).await, first);
    assert_eq!(
        app.list_contacts(ListContactsRequest::default())
            .await
            .len(),
        3
    );
    assert_error(
        outcome(&first[3]),
        Code::FailedPrecondition,
        "SOURCE_INACTIVE",
    );

    // An item's own id is one of `CreateContact`.
    let alone = app.create_contact(own.clone()).await.unwrap();
    assert_eq!(alone, outcome(&first[2]).unwrap());

    // What was refused can be taken in later, under the same id.
    switch(true).await;
    let third = send(&app, request.clone()).await;
    assert_eq!(third[..3], first[..3]);
    assert!(outcome(&third[3]).unwrap().contact.is_some());
    assert_eq!(
        app.list_contacts(ListContactsRequest::default())
            .await
            .len(),
        4
    );

    let mut other = request.clone();
    other.requests.pop();
    let refused = call!(app.contacts.batch_create_contacts(other));
    assert_error(refused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let other = CreateContactRequest {
        message: "Other".to_owned(),
        ..own
    };
    let results = send(&app, batch(vec![other])).await;
    assert_error(
        outcome(&results[0]),
        Code::InvalidArgument,
        "REQUEST_ID_REUSED",
    );
    app.assert_invariants().await;
}
