//! Requests share the memory there is.

use diesel_async::SimpleAsyncConnection;
use futures_util::future::select_all;
use minicrm::{
    app::Settings,
    platform::ingress,
    proto::{BatchCreateContactsRequest, CreateContactRequest, ListLeadsRequest},
};
use tonic::Code;

use super::{
    Server, plain,
    requests::{CREATE_LEAD, KIB, LOGIN, assert_reason, lead},
};
use crate::support::{
    Hostile, assert_error, call, contact, external, framed, operator, secure, until,
};

fn memory(request_memory: usize) -> ingress::Settings {
    ingress::Settings {
        request_memory,
        ..ingress::Settings::default()
    }
}

/// Mutants: nothing is charged for what is waited for; what is held is not given back;
/// one share for strangers and all others; one organization that takes all.
#[tokio::test(flavor = "multi_thread")]
async fn requests_share_the_memory_there_is() {
    let settings = Settings {
        edge: memory(2048 * KIB),
        ..secure()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    let ann = app.user("ann@example.com").await;
    let acme = app.organization(&ann).await;
    let client = Hostile::connect(server.address, 65_535).await;

    // Strangers may have a quarter, and have it as long as they say nothing.
    let mut strangers = Vec::new();
    for _ in 0..64 {
        let mut open = client.open(LOGIN, &[]).await;
        open.send(vec![0], false).await;
        strangers.push(Box::pin(open.outcome()));
    }
    let (refused, _, _strangers) = select_all(strangers).await;
    let details = assert_error(refused, Code::ResourceExhausted, "OVERLOADED");
    assert!(details.retry_info().unwrap().retry_delay.is_some());

    // The others have the rest: none of them is refused for the strangers' sake.
    let bearer = format!("Bearer {}", ann.token);
    let headers = [
        ("authorization", &*bearer),
        ("x-organization-id", &*acme.id),
    ];
    for _ in 0..16 {
        let mut open = client.open(CREATE_LEAD, &headers).await;
        let whole = framed(0, &lead(200));
        open.send(whole[..100].to_vec(), false).await;
        open.send(whole[100..].to_vec(), true).await;
        open.outcome().await.unwrap();
    }

    // They share it in turn.
    let long = framed(0, &lead(400 * KIB));
    let mut first = client.open(CREATE_LEAD, &headers).await;
    first.send(long[..300 * KIB].to_vec(), false).await;
    let mut refused = None;
    until("the first is so far", async || {
        let mut second = client.open(CREATE_LEAD, &headers).await;
        second.send(long.clone(), true).await;
        let status = second.outcome().await.unwrap_err();
        refused = (status.code() != Code::InvalidArgument).then_some(status);
        refused.is_some()
    })
    .await;
    let outcome = refused.map_or(Ok(()), Err);
    assert_error(outcome, Code::ResourceExhausted, "OVERLOADED");
    let anns = app.of(&ann, &acme);
    call!(anns.leads.list_leads(ListLeadsRequest::default())).unwrap();
    first.send(long[300 * KIB..].to_vec(), true).await;
    assert_reason(first.outcome().await, "INVALID_FIELDS");
    for _ in 0..10 {
        let outcome = client.call(CREATE_LEAD, &headers, long.clone()).await;
        assert_reason(outcome, "INVALID_FIELDS");
    }

    // One of them leaves room to another.
    let bob = app.user("bob@example.com").await;
    let bobs = app.organization(&bob).await;
    let other = format!("Bearer {}", bob.token);
    let others = [("authorization", &*other), ("x-organization-id", &*bobs.id)];
    let unfinished = framed(0, &lead(100 * KIB));
    let mut anns = Vec::new();
    for _ in 0..20 {
        let mut open = client.open(CREATE_LEAD, &headers).await;
        open.send(unfinished[..60 * KIB].to_vec(), false).await;
        anns.push(Box::pin(open.outcome()));
    }
    for _ in 0..10 {
        let (refused, _, rest) = select_all(anns).await;
        assert_error(refused, Code::ResourceExhausted, "OVERLOADED");
        anns = rest;
    }
    let own = Hostile::connect(server.address, 65_535).await;
    let long = framed(0, &lead(200 * KIB));
    assert_reason(own.call(CREATE_LEAD, &others, long).await, "INVALID_FIELDS");
}

/// Mutant: memory that is given back when the request is decoded.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_held_until_its_work_is_done() {
    let settings = Settings {
        edge: memory(2304 * KIB),
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    let one = app.operator(operator("One")).await;
    let source = app.source("stuck", &[(&one, 1)]).await;
    let mut database = app.hold_operators().await;
    let batch = BatchCreateContactsRequest {
        requests: (0..100)
            .map(|n| CreateContactRequest {
                message: "x".repeat(4000),
                ..contact(&source, external(n))
            })
            .collect(),
        ..Default::default()
    };
    let stuck = {
        let (app, batch) = (app.clone(), batch.clone());
        tokio::spawn(async move { call!(app.contacts.batch_create_contacts(batch)) })
    };
    app.until_waiting(true).await;
    let outcome = call!(app.contacts.batch_create_contacts(batch));
    assert_error(outcome, Code::ResourceExhausted, "OVERLOADED");
    database.batch_execute("ROLLBACK").await.unwrap();
    stuck.await.unwrap().unwrap();
}
