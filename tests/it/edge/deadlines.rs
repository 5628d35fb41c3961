//! Calls end when their callers stop waiting, or when the server does.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use futures_util::stream;
use minicrm::{
    app::Settings,
    platform::ingress::{self, Timeouts},
    proto::{
        BatchCreateContactsRequest, CreateContactRequest, CreateLeadRequest, EraseLeadRequest,
        Lead, ListContactsRequest, ListLeadsRequest, UpdateLeadRequest,
        contact_service_client::ContactServiceClient, lead_service_client::LeadServiceClient,
    },
};
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery};
use tonic_prost::ProstCodec;

use super::{Server, plain};
use crate::support::{
    App, assert_error, assert_invalid, call, contact, external, mask, operator, request_id,
};

const DEADLINE: &str = "DEADLINE_EXCEEDED";

fn within<T>(timeout: &'static str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("grpc-timeout", timeout.parse().unwrap());
    request
}

fn timeouts(default: Duration, max: Duration) -> Settings {
    Settings {
        edge: ingress::Settings {
            timeouts: Timeouts { default, max },
            ..ingress::Settings::default()
        },
        ..plain()
    }
}

async fn lead(app: &App) -> Lead {
    let request = CreateLeadRequest {
        lead: Some(Lead {
            external_id: "lead".to_owned(),
            ..Lead::default()
        }),
        ..CreateLeadRequest::default()
    };
    call!(app.leads.create_lead(request)).unwrap()
}

fn rename(lead: &Lead) -> UpdateLeadRequest {
    UpdateLeadRequest {
        lead: Some(Lead {
            id: lead.id.clone(),
            name: "Renamed".to_owned(),
            ..Lead::default()
        }),
        update_mask: mask(&["name"]),
        ..UpdateLeadRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_that_is_late_is_taken_in_once() {
    let server = Server::start(plain(), |_| {}).await;
    let app = server.app();
    let one = app.operator(operator("One")).await;
    let source = app.source("late", &[(&one, 1)]).await;
    let mut other = app.hold_operators().await;

    let mut request = contact(&source, external("late"));
    request.request_id = request_id();
    let (client, origin) = server.patient();
    let mut contacts = ContactServiceClient::with_origin(client, origin);
    let late = contacts.create_contact(within("300m", request.clone()));
    assert_error(late.await, Code::DeadlineExceeded, DEADLINE);
    other.batch_execute("ROLLBACK").await.unwrap();

    let created = app.create_contact(request.clone()).await.unwrap();
    let again = app.create_contact(request).await.unwrap();
    assert_eq!(created, again);
    assert_eq!(
        app.list_contacts(ListContactsRequest::default())
            .await
            .len(),
        1
    );
}

/// Mutants: no deadline in the database, where it would wait for five seconds; a
/// cap that is not applied.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_lock_longer_than_the_server_allows() {
    let short = Duration::from_millis(300);
    let long = Duration::from_mins(1);
    for (settings, timeout) in [
        (timeouts(long, long), Some("300m")),
        (timeouts(long, short), Some("1H")),
        (timeouts(short, long), None),
    ] {
        let server = Server::start(settings, |_| {}).await;
        let app = server.app();
        let lead = lead(&app).await;
        let mut other = app.database().await;
        let hold = "BEGIN; SELECT FROM leads FOR UPDATE";
        other.batch_execute(hold).await.unwrap();

        let request = match timeout {
            Some(timeout) => within(timeout, rename(&lead)),
            None => Request::new(rename(&lead)),
        };
        let (client, origin) = server.patient();
        let mut leads = LeadServiceClient::with_origin(client, origin);
        let outcome = leads.update_lead(request).await;
        assert_error(outcome, Code::DeadlineExceeded, DEADLINE);
        let nobody = app.until_waiting(false);
        let limit = Duration::from_secs(3);
        tokio::time::timeout(limit, nobody).await.unwrap();

        other.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(app.get_lead(&lead.id).await.name, "");
        assert_eq!(
            call!(app.leads.update_lead(rename(&lead))).unwrap().name,
            "Renamed"
        );
    }
}

/// Mutant: what cannot be read counts as not given.
#[tokio::test]
async fn a_deadline_is_understood_or_refused() {
    let server = Server::start(plain(), |_| {}).await;
    let (client, origin) = server.patient();
    let mut leads = LeadServiceClient::with_origin(client, origin);
    for timeout in ["abc", "5", "S", "+5S", "123456789S", "5 S", "5s"] {
        let outcome = leads
            .list_leads(within(timeout, ListLeadsRequest::default()))
            .await;
        assert_invalid(outcome, &["grpc-timeout"]);
    }
    for timeout in ["0S", "1n"] {
        let outcome = leads
            .list_leads(within(timeout, ListLeadsRequest::default()))
            .await;
        assert_error(outcome, Code::DeadlineExceeded, DEADLINE);
    }
    let outcome = leads.list_leads(within("99999999H", ListLeadsRequest::default()));
    outcome.await.unwrap();
}

/// Mutant: a method that may do much and has no more time than others.
#[tokio::test]
async fn what_may_be_much_has_the_longest_time() {
    // Others have none at all.
    let settings = timeouts(Duration::from_millis(1), Duration::from_mins(1));
    let server = Server::start(settings, |_| {}).await;
    let (client, origin) = server.patient();
    let mut leads = LeadServiceClient::with_origin(client.clone(), origin.clone());
    let mut contacts = ContactServiceClient::with_origin(client, origin);
    let late = leads.list_leads(ListLeadsRequest::default()).await;
    assert_error(late, Code::DeadlineExceeded, DEADLINE);
    let lead = lead(&App::on(server.url.clone()).await).await;
    let request = EraseLeadRequest {
        id: lead.id,
        ..Default::default()
    };
    leads.erase_lead(request).await.unwrap();
    let request = BatchCreateContactsRequest {
        requests: vec![CreateContactRequest::default()],
        ..Default::default()
    };
    contacts.batch_create_contacts(request).await.unwrap();
}

/// Mutant: a deadline that begins when the request has been read.
#[tokio::test]
async fn a_request_that_never_ends_does_not_wait_for_ever() {
    let short = Duration::from_millis(300);
    let server = Server::start(timeouts(short, short), |_| {}).await;
    let (client, origin) = server.patient();
    let mut client = Grpc::with_origin(client, origin);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/minicrm.v1.LeadService/CreateLead");
    let codec = ProstCodec::<CreateLeadRequest, Lead>::default();
    let request = Request::new(stream::pending());
    let outcome = client.client_streaming(request, path, codec).await;
    assert_error(outcome, Code::DeadlineExceeded, DEADLINE);
}
