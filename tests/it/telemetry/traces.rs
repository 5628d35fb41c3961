//! Traces, as a collector receives them.

use std::{
    fs::File,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, routing::post};
use minicrm::proto::{CreateContactRequest, GetOverviewRequest};
use serde_json::Value;
use tokio::net::TcpListener;
use tonic::{
    Request,
    codegen::http::header::CONTENT_TYPE,
    service::Routes,
    transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming},
};

use super::free_address;
use crate::{
    process::{DataDir, Process, channel},
    support::{App, call, contact, external, new_database, operator},
};

/// What a collector has received, as it came.
type Received = Arc<Mutex<Vec<u8>>>;

/// A collector that keeps all it receives: its address, and what it receives.
async fn collector(server: Server) -> (SocketAddr, Received) {
    let received = Received::default();
    let kept = Arc::clone(&received);
    let export = async move |body: Bytes| {
        kept.lock().unwrap().extend_from_slice(&body);
        // An empty message.
        ([(CONTENT_TYPE, "application/grpc")], vec![0; 5])
    };
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let routes = Routes::from(Router::new().route(path, post(export)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = server;
    tokio::spawn(
        server
            .add_routes(routes)
            .serve_with_incoming(TcpIncoming::from(listener)),
    );
    (address, received)
}

/// A request in this trace, which is to be kept or not.
fn within<T>(trace_id: u128, flags: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{trace_id:032x}-00f067aa0ba902b7-{flags}");
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", parent.parse().unwrap());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_and_all_it_waits_for_are_spans_of_the_callers_trace() {
    let (collector, received) = collector(Server::builder()).await;
    let endpoint = format!("http://{collector}");
    let data = DataDir::new("traces");
    let address = free_address();
    let log = data.0.join("service.log");
    let settings = [
        ("MINICRM_DATA_DIR", data.0.to_str().unwrap()),
        ("MINICRM_OTLP_ENDPOINT", &endpoint),
        ("MINICRM_LOG_FORMAT", "json"),
        ("RUST_LOG", "info,minicrm::calls=debug"),
    ];
    let process = Process::start_with_log(address, &settings, File::create(&log).unwrap()).await;
    let app = App::at(channel(address), data.url());
    let ann = app.operator(operator("secret-operator")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let [kept, dropped] = [0x1234_5678_9abc_def0_u128 << 64 | 1, 0xffee_ddcc_u128 << 64];
    let request = CreateContactRequest {
        message: "secret-message".to_owned(),
        ..contact(&source, external("secret-id"))
    };
    call!(app.contacts.create_contact(within(kept, "01", request))).unwrap();
    let request = || GetOverviewRequest {};
    call!(app.analytics.get_overview(within(dropped, "00", request()))).unwrap();
    call!(app.analytics.get_overview(request())).unwrap();
    assert!(process.terminate().await.success());

    let received = received.lock().unwrap();
    let holds = |bytes: &[u8]| received.windows(bytes.len()).any(|window| window == bytes);
    assert!(holds(&kept.to_be_bytes()));
    assert!(!holds(&dropped.to_be_bytes()));
    for name in [
        "minicrm",
        "ContactService/CreateContact",
        "writes",
        "group",
        "transaction",
        "SELECT operators",
        "INSERT contacts",
        "COMMIT",
    ] {
        assert!(holds(name.as_bytes()), "{name}");
    }
    assert!(!holds(b"secret-"));
    // The log names the traces.
    let lines = std::fs::read_to_string(&log).unwrap();
    let lines = lines.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["fields"].clone()
    });
    let calls: Vec<_> = lines.filter(|line| !line["trace_id"].is_null()).collect();
    let own = calls.last().unwrap()["trace_id"].as_str().unwrap();
    assert!(holds(&u128::from_str_radix(own, 16).unwrap().to_be_bytes()));
    let named = |id: u128| {
        calls
            .iter()
            .any(|line| line["trace_id"] == format!("{id:032x}"))
    };
    assert!(named(kept) && named(dropped));
}

/// Mutant: the system's authorities are not asked.
#[tokio::test(flavor = "multi_thread")]
async fn traces_go_to_a_collector_by_tls() {
    let certificate = include_str!("../edge/tls/server.pem");
    let key = include_str!("../edge/tls/server.key.pem");
    let identity = Identity::from_pem(certificate, key);
    let tls = ServerTlsConfig::new().identity(identity);
    let (collector, received) = collector(Server::builder().tls_config(tls).unwrap()).await;
    let endpoint = format!("https://localhost:{}", collector.port());
    let authorities = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/edge/tls/ca.pem");
    let url = new_database().await;
    let address = free_address();
    let settings = [
        ("MINICRM_DATABASE_URL", &*url),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("SSL_CERT_FILE", authorities),
    ];
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), url.clone());
    call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    assert!(process.terminate().await.success());
    let received = received.lock().unwrap();
    let name = b"AnalyticsService/GetOverview";
    assert!(received.windows(name.len()).any(|window| window == name));
}
