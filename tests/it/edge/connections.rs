//! Connections that say nothing, are too many, or too old.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use minicrm::{context::Settings, edge, proto::ListLeadsRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tonic::transport::Endpoint;

use super::{Server, plain};
use crate::support::{App, call};

/// What every client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Waits until the server closes the connection, soon.
async fn until_closed(mut connection: TcpStream) {
    let closed = async {
        let mut answers = [0; 1024];
        while connection.read(&mut answers).await.unwrap_or(0) > 0 {}
    };
    timeout(Duration::from_secs(30), closed).await.unwrap();
}

/// Mutant: no limit for the preface.
#[tokio::test]
async fn who_does_not_speak_is_not_listened_to() {
    let server = Server::start(plain(), |_| {}).await;
    let mut connections = Vec::new();
    for said in [&b""[..], &PREFACE[..12], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all(said).await.unwrap();
        connections.push(until_closed(connection));
    }
    futures_util::future::join_all(connections).await;
}

/// Mutant: no limit of connections.
#[tokio::test]
async fn a_connection_too_many_is_closed_and_the_others_are_served() {
    let settings = Settings {
        edge: edge::Settings {
            max_connections: 2,
            ..edge::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    let second = TcpStream::connect(server.address).await.unwrap();
    let mut third = TcpStream::connect(server.address).await.unwrap();
    // It may be closed before all is written. Whoever is served hears something.
    let _ = third.write_all(PREFACE).await;
    assert_eq!(third.read(&mut [0; 64]).await.unwrap_or(0), 0);
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    // One that ends makes room for another.
    drop(second);
    let other = server.app();
    while call!(other.leads.list_leads(ListLeadsRequest::default())).is_err() {}
}

/// Mutant: old connections that are cut off instead of being told.
#[tokio::test(flavor = "multi_thread")]
async fn old_connections_are_replaced_and_no_call_fails() {
    let settings = Settings {
        edge: edge::Settings {
            max_connection_age: Duration::from_millis(300),
            ..edge::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    // Clients connect to somebody between, who counts.
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::try_from(format!("http://{}", between.local_addr().unwrap()));
    let (count, address) = (Arc::new(AtomicUsize::new(0)), server.address);
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = between.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(address).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    let app = App::at(endpoint.unwrap().connect_lazy(), server.url.clone());
    while count.load(Ordering::SeqCst) < 5 {
        call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    }
}
