//! What waits for a group: it is bounded, a deadline that has passed costs
//! nothing, and no organization waits for another.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    ids::OrganizationId,
    proto::{
        BatchCreateContactsRequest, CreateContactRequest, CreateSourceRequest, ListContactsRequest,
        Source, batch_create_contacts_result::Result as Outcome,
    },
};
use tokio::task::JoinSet;
use tonic::{Code, Request, metadata::AsciiMetadataValue};
use uuid::Uuid;

use crate::support::{App, call, contact, external, new_database, operator};

/// What the service takes in at once, and what may wait meanwhile.
const GROUP: usize = 256;
const WAITING: usize = 4096;

async fn source_of_one(app: &App) -> Source {
    let one = app.operator(operator("One")).await;
    app.source("queue", &[(&one, 1)]).await
}

fn group(source: &Source) -> Vec<CreateContactRequest> {
    (0..GROUP)
        .map(|_| contact(source, external(Uuid::now_v7())))
        .collect()
}

/// The codes of the items of a batch that failed, and how many did not.
async fn batch(app: &App, requests: Vec<CreateContactRequest>) -> (Vec<i32>, usize) {
    let request = BatchCreateContactsRequest {
        requests,
        ..Default::default()
    };
    let results = call!(app.contacts.batch_create_contacts(request)).unwrap();
    let mut failed = Vec::new();
    let mut taken_in = 0;
    for result in results.results {
        match result.result.unwrap() {
            Outcome::Response(_) => taken_in += 1,
            Outcome::Error(status) => failed.push(status.code),
        }
    }
    (failed, taken_in)
}

async fn count(app: &App) -> usize {
    let mut request = ListContactsRequest {
        page_size: 1000,
        ..Default::default()
    };
    let mut count = 0;
    loop {
        let page = call!(app.contacts.list_contacts(request.clone())).unwrap();
        count += page.contacts.len();
        if page.next_page_token.is_empty() {
            return count;
        }
        request.page_token = page.next_page_token;
    }
}

/// A request of this organization.
fn of<T>(organization_id: OrganizationId, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = organization_id.to_string().parse().unwrap();
    request.metadata_mut().insert("x-organization-id", value);
    request
}

/// Mutant: a `push` that refuses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_at_once_and_the_rest_is_taken_in() {
    let app = App::start().await;
    let source = source_of_one(&app).await;
    let mut other = app.hold_operators().await;

    let mut batches = JoinSet::new();
    for _ in 0..WAITING / GROUP + 4 {
        let (app, requests) = (app.clone(), group(&source));
        batches.spawn(async move { batch(&app, requests).await });
    }
    // One is refused while the others wait.
    let first = batches.join_next().await.unwrap().unwrap();
    other.batch_execute("ROLLBACK").await.unwrap();
    let exhausted = i32::from(Code::ResourceExhausted);
    assert_eq!(first, (vec![exhausted; GROUP], 0));
    let others: Vec<_> = batches.join_all().await;
    let busy = i32::from(Code::Aborted);
    for (failed, _) in &others {
        assert!(failed.iter().all(|code| [exhausted, busy].contains(code)));
    }
    let taken_in: usize = others.iter().map(|(_, taken_in)| taken_in).sum();
    assert!(taken_in > 0);
    assert_eq!(count(&app).await, taken_in);
    app.assert_invariants().await;
}

/// Mutant: a queue that does not look at deadlines.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_stopped_waiting_is_not_taken_in() {
    let app = App::start().await;
    let source = source_of_one(&app).await;
    let mut other = app.hold_operators().await;

    let waits = {
        let (app, request) = (app.clone(), contact(&source, external("waits")));
        tokio::spawn(async move { app.create_contact(request).await })
    };
    app.until_waiting(true).await;
    let mut request = Request::new(contact(&source, external("has left")));
    let timeout = AsciiMetadataValue::from_static("100m");
    request.metadata_mut().insert("grpc-timeout", timeout);
    let left = app.contacts.clone().create_contact(request).await;
    let codes = [Code::Cancelled, Code::DeadlineExceeded];
    assert!(codes.contains(&left.unwrap_err().code()));
    other.batch_execute("ROLLBACK").await.unwrap();

    // What comes later is taken in, together with or after what waited.
    waits.await.unwrap().unwrap();
    app.contact(&source).await;
    assert_eq!(count(&app).await, 2);
}

/// Mutant: one queue for all organizations.
#[tokio::test(flavor = "multi_thread")]
async fn an_organization_does_not_wait_for_another() {
    let (loud, quiet) = (OrganizationId::generate(), OrganizationId::generate());
    let app = App::serving(new_database().await, vec![loud, quiet]).await;
    let source = source_of_one(&app).await;
    let other = CreateSourceRequest {
        source: Some(Source {
            name: "Quiet".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let other = app.sources.clone().create_source(of(quiet, other)).await;
    let other = other.unwrap().into_inner();

    let mut batches = JoinSet::new();
    for _ in 0..WAITING / GROUP {
        let (app, requests) = (app.clone(), group(&source));
        batches.spawn(async move { batch(&app, requests).await });
    }
    // The first of them is done: the others wait.
    batches.join_next().await.unwrap().unwrap();
    let request = of(quiet, contact(&other, external("quiet")));
    app.contacts.clone().create_contact(request).await.unwrap();
    while let Some(ended) = batches.try_join_next() {
        ended.unwrap();
    }
    assert!(batches.len() > WAITING / GROUP / 2);
    batches.join_all().await;
}
