//! Answers that wait for their readers.

use std::time::Duration;

use minicrm::{
    app::Settings, call::DEVELOPMENT_ORGANIZATION, ids::OrganizationId, platform::ingress,
    proto::ListContactsRequest,
};
use prost::Message;
use tokio::time::timeout;
use tonic::Code;
use uuid::Uuid;

use super::{Server, plain};
use crate::support::{
    App, Hostile, assert_error, call, contact, external, framed, operator, until,
};

const LIST: &str = "ContactService/ListContacts";
const KIB: usize = 1024;
const OTHER: OrganizationId =
    OrganizationId::from_uuid(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002));
const FOR_EVER: Duration = Duration::from_hours(1);

/// A server whose answers share little, with 100 contacts of 4000 letters.
async fn server(stall_timeout: Duration, send_timeout: Duration) -> (Server, App) {
    let settings = Settings {
        organizations: vec![DEVELOPMENT_ORGANIZATION, OTHER],
        edge: ingress::Settings {
            answer_memory: 3584 * KIB,
            stall_timeout,
            send_timeout,
            ..ingress::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    fill(&app).await;
    (server, app)
}

async fn fill(app: &App) {
    let one = app.operator(operator("One")).await;
    let source = app.source("long", &[(&one, 1)]).await;
    for n in 0..100 {
        let mut request = contact(&source, external(n));
        request.message = "x".repeat(4000);
        app.create_contact(request).await.unwrap();
    }
}

fn list(page_size: i32) -> ListContactsRequest {
    ListContactsRequest {
        page_size,
        ..Default::default()
    }
}

async fn begin(client: &Hostile, page_size: i32) -> h2::client::ResponseFuture {
    let mut open = client.open(LIST, &[]).await;
    open.send(framed(0, &list(page_size).encode_to_vec()), true)
        .await;
    open.answer
}

/// Mutants: nothing is charged; what is sent stays charged; nobody is cut off; long
/// answers that take all the room; one organization that does.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_cut_off_and_leave_room_for_others() {
    let (server, app) = server(Duration::from_millis(500), FOR_EVER).await;
    let other = app.with("", &OTHER.to_string());
    fill(&other).await;
    let client = Hostile::connect(server.address, 0).await;
    let mut answers = Vec::new();
    // Two of them fill what there is for long ones of one organization.
    for _ in 0..2 {
        let answer = begin(&client, 100).await.await.unwrap();
        assert!(!answer.headers().contains_key("grpc-status"));
        answers.push(answer.into_body());
    }
    let outcome = call!(app.contacts.list_contacts(list(100)));
    let details = assert_error(outcome, Code::ResourceExhausted, "ANSWERS_WAITING");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    // Another has room for its own.
    call!(other.contacts.list_contacts(list(100))).unwrap();
    // Short ones have room.
    call!(app.contacts.list_contacts(list(1))).unwrap();
    for mut answer in answers {
        let cut = timeout(Duration::from_secs(30), answer.data())
            .await
            .unwrap();
        assert!(cut.unwrap().unwrap_err().is_reset());
    }
    until("room is given back", async || {
        call!(app.contacts.list_contacts(list(100))).is_ok()
    })
    .await;
    // All of it is given back, again and again.
    for _ in 0..20 {
        call!(app.contacts.list_contacts(list(100))).unwrap();
    }
}

/// What is short is handed on at once, and cannot be taken back.
/// Mutant: nobody looks whether it is sent.
#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_short_answers_is_cut_off_too() {
    let (server, app) = server(Duration::from_millis(500), FOR_EVER).await;
    for window in [0, 1] {
        let client = Hostile::connect(server.address, window).await;
        let mut answer = begin(&client, 1).await.await.unwrap().into_body();
        until("it is cut off", async || {
            !matches!(answer.data().await, Some(Ok(_)))
        })
        .await;
    }
    call!(app.contacts.list_contacts(list(1))).unwrap();
}

/// Mutant: who reads slowly is cut off, or misses something.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_gets_all_of_it() {
    let (server, _) = server(Duration::from_secs(20), FOR_EVER).await;
    let client = Hostile::connect(server.address, 1000).await;
    let mut answer = begin(&client, 100).await.await.unwrap().into_body();
    let mut bytes = Vec::new();
    while let Some(data) = answer.data().await {
        let data = data.unwrap();
        bytes.extend_from_slice(&data);
        answer.flow_control().release_capacity(data.len()).unwrap();
    }
    assert_eq!(
        answer.trailers().await.unwrap().unwrap()["grpc-status"],
        "0"
    );
    let answer = minicrm::proto::ListContactsResponse::decode(&bytes[5..]).unwrap();
    assert_eq!(answer.contacts.len(), 100);
}

/// Mutant: who reads one byte after the other holds an answer as long as they like.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_too_slowly_is_cut_off() {
    let (server, _) = server(FOR_EVER, Duration::from_millis(200)).await;
    let client = Hostile::connect(server.address, 1).await;
    let mut answer = begin(&client, 100).await.await.unwrap().into_body();
    let cut = async {
        while let Some(data) = answer.data().await {
            let length = data?.len();
            answer.flow_control().release_capacity(length)?;
        }
        Ok::<_, h2::Error>(())
    };
    let cut = timeout(Duration::from_mins(1), cut).await.unwrap();
    assert!(cut.unwrap_err().is_reset());
}
