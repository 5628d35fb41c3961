//! Health and reflection, which are beside the contract.

use minicrm::{context::Settings, edge};
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{Server, plain};
use crate::support::{Hostile, framed};

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

/// Who connects takes the place of the oldest who does nothing.
/// Mutant: a stream is nothing once its head is sent.
#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_doing_something() {
    let settings = Settings {
        edge: edge::Settings {
            max_connections: 4,
            max_connections_per_peer: Some(4),
            ..edge::Settings::default()
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
        while connection.read(&mut [0; 64]).await.unwrap_or(0) > 0 {}
    }
    let outcome = client.call(CHECK, &[], framed(0, &[])).await;
    outcome.unwrap();
}
