//! Measures intake: contacts a second and latency of `CreateContact`, with the
//! real server on a private Postgres that waits for its disk (fsync on), beside
//! pgbench doing the like on the same cluster in the same run. Server, Postgres
//! and generator share the machine.
//!
//! `cargo bench --bench intake [-- --rounds N --seconds N]`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a benchmark that cannot go on has failed"
)]

mod pgbench;

use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use clap::Parser;
use minicrm::{
    embedded::{Options, Postgres},
    proto::{
        CreateContactRequest, CreateOperatorRequest, CreateSourceRequest, LeadIdentity, Operator,
        OperatorWeight, ReplaceOperatorWeightsRequest, Source,
        contact_service_client::ContactServiceClient, create_contact_request,
        operator_service_client::OperatorServiceClient, source_service_client::SourceServiceClient,
    },
};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::sleep,
};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use uuid::Uuid;

/// What to measure.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Calls in flight.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    in_flight: Vec<usize>,
    /// Connections to the server.
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Whether to leave pgbench out.
    #[arg(long)]
    alone: bool,
    /// An empty database to use instead of a private Postgres.
    #[arg(long)]
    database_url: Option<String>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let data_dir = std::env::temp_dir().join(format!("minicrm-bench-{}", std::process::id()));
    let options = Options {
        data_dir: data_dir.clone(),
        ephemeral: false,
        bin_dir: None,
        install: true,
        settings: Vec::new(),
    };
    let postgres = match arguments.database_url {
        Some(_) => None,
        None => Some(Postgres::start(options).await.unwrap()),
    };
    let url = match (&postgres, arguments.database_url) {
        (Some(postgres), _) => postgres.url("minicrm"),
        (None, url) => url.unwrap(),
    };
    pgbench::prepare(&url).await;
    let (mut server, channels) = serve(&url, arguments.connections).await;
    let source_code = prepare(&channels[0]).await;
    let length = Duration::from_secs(arguments.seconds);

    println!(
        "{:>30} {:>9} {:>12} {:>8} {:>8}",
        "", "in flight", "contacts/s", "p50 ms", "p99 ms"
    );
    for &in_flight in &arguments.in_flight {
        let (mut calls, mut transactions, mut inserts) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            calls.push(drive(&channels, &source_code, in_flight, length).await);
            if arguments.alone {
                continue;
            }
            let clients = in_flight.min(100);
            transactions.push(pgbench::run(&url, pgbench::TRANSACTION, clients, length).await);
            inserts.push(pgbench::run(&url, pgbench::BARE_INSERT, clients, length).await);
        }
        for (name, mut rounds) in [
            ("CreateContact", calls),
            ("pgbench, several statements", transactions),
            ("pgbench, bare insert", inserts),
        ] {
            rounds.sort_by(|a, b| a.rate.total_cmp(&b.rate));
            if let Some(Round { rate, p50, p99 }) = rounds.get(rounds.len() / 2) {
                let p99 = p99.map_or_else(|| "-".to_owned(), |p99| format!("{p99:.2}"));
                println!("{name:>30} {in_flight:>9} {rate:>12.0} {p50:>8.2} {p99:>8}");
            }
        }
    }
    server.kill().await.unwrap();
    if let Some(postgres) = postgres {
        postgres.stop().await.unwrap();
        std::fs::remove_dir_all(data_dir).unwrap();
    }
}

/// What one measurement gave.
struct Round {
    rate: f64,
    /// Of pgbench, the mean.
    p50: f64,
    p99: Option<f64>,
}

/// Starts the binary and connects to it.
async fn serve(url: &str, connections: usize) -> (Child, Vec<Channel>) {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = Command::new(env!("CARGO_BIN_EXE_minicrm"))
        .env("DATABASE_URL", url)
        .env("MINICRM_LISTEN", address.to_string())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let endpoint = Endpoint::try_from(format!("http://{address}")).unwrap();
    let mut health = HealthClient::new(endpoint.connect_lazy());
    loop {
        let answer = health.check(HealthCheckRequest::default()).await;
        if answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving) {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let mut channels = Vec::new();
    for _ in 0..connections {
        channels.push(endpoint.connect().await.unwrap());
    }
    (server, channels)
}

/// Ten operators without limits share one source; returns its code.
async fn prepare(channel: &Channel) -> String {
    let mut operators = OperatorServiceClient::new(channel.clone());
    let mut sources = SourceServiceClient::new(channel.clone());
    let mut weights = Vec::new();
    for n in 0..10 {
        let operator = Operator {
            name: format!("Operator {n}"),
            ..Default::default()
        };
        let request = CreateOperatorRequest {
            operator: Some(operator),
            ..Default::default()
        };
        let operator = operators
            .create_operator(request)
            .await
            .unwrap()
            .into_inner();
        let weight = OperatorWeight {
            operator_id: operator.id,
            weight: 1,
            ..Default::default()
        };
        weights.push(weight);
    }
    let source = Source {
        name: "Bench".to_owned(),
        ..Default::default()
    };
    let request = CreateSourceRequest {
        source: Some(source),
        ..Default::default()
    };
    let source = sources.create_source(request).await.unwrap().into_inner();
    let request = ReplaceOperatorWeightsRequest {
        source_id: source.id,
        weights,
        ..Default::default()
    };
    sources
        .replace_operator_weights(request)
        .await
        .unwrap()
        .into_inner()
        .code
}

/// Keeps this many calls in flight, each of a new lead.
async fn drive(
    channels: &[Channel],
    source_code: &str,
    in_flight: usize,
    length: Duration,
) -> Round {
    let mut clients = JoinSet::new();
    let start = Instant::now();
    for client in 0..in_flight {
        let mut contacts = ContactServiceClient::new(channels[client % channels.len()].clone());
        let source_code = source_code.to_owned();
        clients.spawn(async move {
            let mut latencies = Vec::new();
            while start.elapsed() < length {
                let external_id = Uuid::now_v7().to_string();
                let request = CreateContactRequest {
                    source: Some(create_contact_request::Source::SourceCode(
                        source_code.clone(),
                    )),
                    lead: Some(LeadIdentity {
                        external_id,
                        ..Default::default()
                    }),
                    message: "Hello".to_owned(),
                    request_id: String::new(),
                };
                let sent = Instant::now();
                contacts.create_contact(request).await.unwrap();
                latencies.push(sent.elapsed());
            }
            latencies
        });
    }
    let mut latencies: Vec<_> = clients.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let rate = latencies.len() as f64 / length.as_secs_f64();
    Round {
        rate,
        p50: at(50),
        p99: Some(at(99)),
    }
}
