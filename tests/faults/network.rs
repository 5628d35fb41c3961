//! Networks that cut, delay, throttle and swallow, and clients that misuse them.

use std::{net::SocketAddr, time::Duration};

use futures_util::poll;
use minicrm::proto::ListLeadsRequest;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    TRAFFIC,
    binary::{Process, free_address},
    load::{Load, connection, said_by_server},
    prepare,
    proxy::{Party, Passing, Proxy},
    rounds,
    support::{App, call, new_database, within},
};

/// What every client sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Who listens at the host of this URL.
fn party(url: &str) -> (Party, &str) {
    let (_, rest) = url.split_once('@').unwrap();
    let (host, database) = rest.split_once('/').unwrap();
    let party = if host.contains("%2F") {
        let directory = host.replace("%2F", "/");
        Party::Unix(format!("{directory}/.s.PGSQL.5432").into())
    } else {
        Party::Tcp(host.parse().unwrap())
    };
    (party, database)
}

/// What all networks do to all connections.
async fn trouble(proxy: &Proxy, load: &Load) {
    let late = Passing::Late(Duration::from_millis(20));
    for passing in [Passing::Freely, late, Passing::Slowly(256)] {
        proxy.pass(passing);
        load.more(TRAFFIC).await;
        proxy.cut();
        load.more(TRAFFIC).await;
    }
    proxy.pass(Passing::Freely);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_to_the_server_fails() {
    let url = new_database().await;
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let proxy = Proxy::start(Party::Tcp(address)).await;
    let app = App::at(connection(address), url.clone());
    let load = Load::start(&[proxy.address], &prepare(&app).await);
    for _ in 0..rounds().div_ceil(3) {
        trouble(&proxy, &load).await;
        proxy.pass(Passing::Never);
        // Those who are not behind it are served.
        call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
        proxy.cut();
        proxy.pass(Passing::Freely);
    }
    load.more(TRAFFIC).await;
    load.stop().await.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}

/// Mutant: a deadline that only Postgres knows.
#[tokio::test(flavor = "multi_thread")]
async fn the_network_to_postgres_fails() {
    let url = new_database().await;
    let (party, database) = party(&url);
    let proxy = Proxy::start(party).await;
    let through = format!("postgres://postgres@{}/{database}", proxy.address);
    let address = free_address();
    let settings = [
        ("DATABASE_URL", &*through),
        ("MINICRM_DEFAULT_TIMEOUT_SECONDS", "1"),
    ];
    let process = Process::start(address, &settings).await;
    let app = App::at(connection(address), url.clone());
    let load = Load::start(&[address], &prepare(&app).await);
    for _ in 0..rounds().div_ceil(3) {
        trouble(&proxy, &load).await;
        proxy.pass(Passing::Never);
        let request = ListLeadsRequest::default();
        let listed = async { call!(app.leads.list_leads(request)) };
        let status = within("an answer", listed).await.unwrap_err();
        assert!(said_by_server(&status), "{status:?}");
        proxy.cut();
        proxy.pass(Passing::Freely);
    }
    load.more(TRAFFIC).await;
    load.stop().await.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}

/// Connections that say nothing, or half of what they should.
async fn silent(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for number in 0..count {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let said = &PREFACE[..number % PREFACE.len()];
        connection.write_all(said).await.unwrap();
        connections.push(connection);
    }
    connections
}

/// Mutant: no limit of connections that have not spoken.
#[tokio::test(flavor = "multi_thread")]
async fn silent_clients_and_those_who_give_up_harm_nobody() {
    let url = new_database().await;
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let app = App::at(connection(address), url.clone());
    let load = Load::start(&[address], &prepare(&app).await);
    load.more(TRAFFIC).await;
    let connections = silent(address, 300).await;
    // Each call is sent and taken back.
    let hasty = App::at(connection(address), url.clone());
    for _ in 0..rounds() {
        for _ in 0..300 {
            let mut leads = hasty.leads.clone();
            let mut given_up = Box::pin(leads.list_leads(ListLeadsRequest::default()));
            // As long as it takes to be sent, more or less.
            for _ in 0..4 {
                if poll!(&mut given_up).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        load.more(TRAFFIC).await;
    }
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    drop(connections);
    let history = load.stop().await;
    assert_eq!(
        history.acknowledged(),
        history.told.len(),
        "{:?}",
        history.refusals
    );
    history.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}
