//! Health and reflection, which are beside the contract.

use minicrm::{app::Settings, platform::ingress};
use prost::Message;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
};
use tonic_health::pb::{HealthCheckResponse, health_check_response::ServingStatus};

use super::{Server, plain};
use crate::support::{Hostile, framed, until};

const CHECK: &str = "grpc.health.v1.Health/Check";
const WATCH: &str = "grpc.health.v1.Health/Watch";
const ASK: &str = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// Mutant: a stream that ends before it has answered anything has no status.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_a_status_even_if_nothing_was_answered() {
    let server = Server::start(plain(), |_| {}).await;
    let client = Hostile::connect(server.address, 65_535).await;
    for (questions, status) in [
        (Vec::new(), "0"),
        (framed(0, &[0xff; 10]), "13"),
        (framed(0, &[0; 5000]), "11"),
    ] {
        let mut open = client.open(ASK, &[]).await;
        open.send(questions, true).await;
        assert_eq!(open.trailers().await["grpc-status"], status);
    }
}

async fn check(client: &Hostile) -> ServingStatus {
    let mut open = client.open(CHECK, &[]).await;
    open.send(framed(0, &[]), true).await;
    let mut answer = open.head().await.into_body();
    let answer = answer.data().await.unwrap().unwrap();
    let answer = HealthCheckResponse::decode(&answer[5..]).unwrap();
    answer.status()
}

/// Mutants: one budget for both listeners; streams that leave nothing to others.
#[tokio::test(flavor = "multi_thread")]
async fn streams_of_strangers_do_not_keep_health_from_being_checked() {
    let beside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(plain(), |options| options.health = Some(beside)).await;
    let mut held = Vec::new();
    let mut refused = 0;
    for n in 1..=8 {
        let peer = format!("127.0.0.{n}");
        let client = Hostile::connect_from(server.address, &peer).await.unwrap();
        for _ in 0..64 {
            let open = client.open(ASK, &[]).await;
            let (question, answer) = (open.body, open.answer);
            let answer = answer.await.unwrap();
            refused += usize::from(answer.headers().contains_key("grpc-status"));
            held.push((question, answer));
        }
    }
    assert!((100..400).contains(&refused), "{refused}");
    for address in [server.address, server.health.unwrap()] {
        for peer in ["127.0.0.1", "127.0.0.9"] {
            let client = Hostile::connect_from(address, peer).await.unwrap();
            until("it is serving", async || {
                check(&client).await == ServingStatus::Serving
            })
            .await;
        }
    }
}

/// Who connects makes the oldest leave who does nothing.
/// Mutant: a stream is nothing once its head is sent.
#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_doing_something() {
    let settings = Settings {
        edge: ingress::Settings {
            max_connections: 4,
            max_connections_per_peer: Some(4),
            ..ingress::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let client = Hostile::connect(server.address, 65_535).await;
    let mut watch = client.open(WATCH, &[]).await;
    watch.send(framed(0, &[]), true).await;
    let mut watched = watch.head().await.into_body();
    watched.data().await.unwrap().unwrap();
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    for mut connection in silent.drain(..7) {
        until("it is closed", async || {
            connection.read(&mut [0; 64]).await.unwrap_or(0) == 0
        })
        .await;
    }
    check(&client).await;
}
