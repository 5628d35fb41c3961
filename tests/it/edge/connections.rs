//! Connections that say nothing, are too many, or too old.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use minicrm::{app::Settings, platform::ingress, proto::ListLeadsRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tonic::transport::Endpoint;

use super::{Server, plain};
use crate::support::{App, Hostile, call, framed, until};

/// What every client sends first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const LIST: &str = "LeadService/ListLeads";

/// Waits until the server closes the connection, soon.
async fn until_closed(mut connection: TcpStream) {
    let mut answers = [0; 1024];
    until("the connection is closed", async || {
        connection.read(&mut answers).await.unwrap_or(0) == 0
    })
    .await;
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
async fn who_comes_takes_the_place_of_nobody_and_never_of_somebody() {
    let settings = Settings {
        edge: ingress::Settings {
            max_connections: 2,
            max_connections_per_peer: Some(2),
            ..ingress::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    let silent = TcpStream::connect(server.address).await.unwrap();
    let other = server.app();
    call!(other.leads.list_leads(ListLeadsRequest::default())).unwrap();
    until_closed(silent).await;
    // Now both are somebody.
    let mut third = TcpStream::connect(server.address).await.unwrap();
    // It may be closed before all is written. Whoever is served hears something.
    let _ = third.write_all(PREFACE).await;
    assert_eq!(third.read(&mut [0; 64]).await.unwrap_or(0), 0);
    for app in [&app, &other] {
        call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    }
    // One that ends makes room for another.
    drop(other);
    let third = server.app();
    until("there is room", async || {
        call!(third.leads.list_leads(ListLeadsRequest::default())).is_ok()
    })
    .await;
}

/// Mutants: no limit for a peer; one that refuses who comes last.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_of_one_peer_keep_nobody_out() {
    let settings = Settings {
        edge: ingress::Settings {
            max_connections: 40,
            max_connections_per_peer: Some(10),
            ..ingress::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
        // From where others are silent already, and from elsewhere.
        let other = server.app();
        call!(other.leads.list_leads(ListLeadsRequest::default())).unwrap();
        let elsewhere = Hostile::connect_from(server.address, "127.0.0.2").await;
        let outcome = elsewhere.unwrap().call(LIST, &[], framed(0, &[])).await;
        outcome.unwrap();
    }
    // Those who are known stay.
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    // No more are open than may be: the oldest are closed.
    for connection in silent.drain(..90) {
        until_closed(connection).await;
    }
}

/// One has a call that is not answered yet, and nobody knows whose it is.
/// Mutants: those who are known leave, too; those who wait for an answer never do.
#[tokio::test(flavor = "multi_thread")]
async fn when_it_is_full_nobody_leaves_even_while_they_call() {
    let settings = Settings {
        edge: ingress::Settings {
            max_connections: 2,
            max_connections_per_peer: Some(2),
            ..ingress::Settings::default()
        },
        ..plain()
    };
    let server = Server::start(settings, |_| {}).await;
    let app = server.app();
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    let stranger = Hostile::connect(server.address, 65_535).await;
    let waiting = stranger.open("AuthService/Login", &[]).await;
    let other = server.app();
    until("there is room", async || {
        call!(other.leads.list_leads(ListLeadsRequest::default())).is_ok()
    })
    .await;
    let ended = timeout(Duration::from_secs(30), waiting.answer).await;
    ended.unwrap().unwrap_err();
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
}

/// Mutant: who does not speak HTTP/2 is not answered.
#[tokio::test]
async fn http_1_is_told_what_is_spoken_here() {
    let server = Server::start(plain(), |_| {}).await;
    for request in [
        &b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"[..],
        b"POST /minicrm.v1.LeadService/ListLeads HTTP/1.1\r\n\r\n",
        b"PRI",
    ] {
        let mut connection = TcpStream::connect(server.address).await.unwrap();
        connection.write_all(request).await.unwrap();
        if request == b"PRI" {
            connection
                .write_all(b"VATE / HTTP/1.0\r\n\r\n")
                .await
                .unwrap();
        }
        let mut answer = String::new();
        let read = connection.read_to_string(&mut answer);
        timeout(Duration::from_secs(30), read)
            .await
            .unwrap()
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 505 "), "{answer}");
        assert!(answer.contains("gRPC"), "{answer}");
    }
}

/// Mutant: old connections that are cut off instead of being told.
#[tokio::test(flavor = "multi_thread")]
async fn old_connections_are_replaced_and_no_call_fails() {
    let settings = Settings {
        edge: ingress::Settings {
            max_connection_age: Duration::from_millis(300),
            ..ingress::Settings::default()
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
    until("there were five connections", async || {
        call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
        count.load(Ordering::SeqCst) >= 5
    })
    .await;
}
