//! How a server ends, and what health says meanwhile.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use minicrm::proto::ListLeadsRequest;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
};
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{Server, connections::PREFACE, plain};
use crate::support::{App, assert_error, call, contact, external, operator, until};

/// What health says of a service.
async fn status(health: &HealthClient<Channel>, service: &str) -> ServingStatus {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = health.clone().check(request).await.unwrap();
    answer.into_inner().status()
}

/// Waits until health says so of the whole server.
async fn until_health_is(health: &HealthClient<Channel>, expected: ServingStatus) {
    until("health says so", async || {
        status(health, "").await == expected
    })
    .await;
}

/// A port for health that is taken in a moment.
async fn with_health_port(pause: Duration) -> (Server, HealthClient<Channel>, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(plain(), |options| {
        options.health = Some(listener);
        options.pause = pause;
    })
    .await;
    let uri = format!("http://{}", server.health.unwrap());
    let channel = Endpoint::try_from(uri).unwrap().connect_lazy();
    let health = HealthClient::new(channel.clone());
    (server, health, channel)
}

/// Mutant: watches that are not ended.
#[tokio::test(flavor = "multi_thread")]
async fn calls_in_flight_are_finished_whatever_others_do() {
    let server = Server::start(plain(), |_| {}).await;
    let app = server.app();
    let one = app.operator(operator("One")).await;
    let source = app.source("end", &[(&one, 1)]).await;

    let mut health = HealthClient::new(app.channel.clone());
    until_health_is(&health, ServingStatus::Serving).await;
    let mut watches = Vec::new();
    for service in ["", "liveness", "minicrm.v1.LeadService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        watches.push(health.watch(request).await.unwrap().into_inner());
    }
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&PREFACE[..12]).await.unwrap();

    let mut other = app.hold_operators().await;
    let in_flight = {
        let (app, request) = (app.clone(), contact(&source, external("last")));
        tokio::spawn(async move { app.create_contact(request).await })
    };
    app.until_waiting(true).await;
    server.stop.send_replace(true);
    for watch in &mut watches {
        until("the watch ends", async || {
            watch.message().await.unwrap().is_none()
        })
        .await;
    }
    other.batch_execute("ROLLBACK").await.unwrap();
    in_flight.await.unwrap().unwrap();
    // Sooner than after what a drain may take at most.
    let end = tokio::time::timeout(Duration::from_secs(8), server.served);
    end.await.unwrap().unwrap();
    drop((silent, half));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_is_cut_off() {
    let short = Duration::from_millis(100);
    let server = Server::start(plain(), |options| options.drain = short).await;
    let app = server.app();
    let one = app.operator(operator("One")).await;
    let source = app.source("cut", &[(&one, 1)]).await;
    let _other = app.hold_operators().await;
    let in_flight = {
        let (app, request) = (app.clone(), contact(&source, external("cut")));
        tokio::spawn(async move { app.create_contact(request).await })
    };
    app.until_waiting(true).await;
    server.stop.send_replace(true);
    server.served.await.unwrap();
    // Nobody has answered it.
    let status = in_flight.await.unwrap().unwrap_err();
    assert!(status.details().is_empty(), "{status:?}");
}

/// Mutant: no pause.
#[tokio::test(flavor = "multi_thread")]
async fn calls_are_served_until_balancers_have_noticed() {
    let (server, health, _) = with_health_port(Duration::from_mins(10)).await;
    until_health_is(&health, ServingStatus::Serving).await;
    server.stop.send_replace(true);
    until_health_is(&health, ServingStatus::NotServing).await;
    let late = server.app();
    call!(late.leads.list_leads(ListLeadsRequest::default())).unwrap();
    assert_eq!(status(&health, "liveness").await, ServingStatus::Serving);
    let on_main_port = HealthClient::new(late.channel.clone());
    assert_eq!(status(&on_main_port, "").await, ServingStatus::NotServing);
}

/// Mutant: all services on the port for health.
#[tokio::test]
async fn the_port_for_health_serves_nothing_else() {
    let (server, health, channel) = with_health_port(Duration::ZERO).await;
    until_health_is(&health, ServingStatus::Serving).await;
    for name in ["minicrm.v1.LeadService", "liveness"] {
        assert_eq!(status(&health, name).await, ServingStatus::Serving);
    }
    let app = App::at(channel, server.url.clone());
    let outcome = call!(app.leads.list_leads(ListLeadsRequest::default()));
    assert_error(outcome, Code::Unimplemented, "UNIMPLEMENTED");
}
