//! The one line of each call, and what is logged while the service runs.

use minicrm::proto::{GetOverviewRequest, ListLeadsRequest};
use serde_json::Value;
use tonic::Request;

use super::{free_address, http};
use crate::{
    process::{DataDir, Process, channel},
    support::{App, call},
};

/// The lines of calls in a log.
fn calls(log: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["target"] == "minicrm::calls")
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_has_a_line_when_that_is_asked_for() {
    let data = DataDir::new("levels");
    let (address, metrics) = (free_address(), free_address());
    let listen = metrics.to_string();
    let settings = [
        ("MINICRM_DATA_DIR", data.0.to_str().unwrap()),
        ("MINICRM_METRICS_LISTEN", &listen),
        ("MINICRM_LOG_FORMAT", "json"),
    ];
    let log = data.0.join("service.log");
    let file = std::fs::File::create(&log).unwrap();
    let process = Process::start_with_log(address, &settings, file).await;
    let app = App::at(channel(address), data.url());
    let overview = || call_overview(&app);
    overview().await;
    assert_eq!(calls(&log), [] as [Value; 0]);

    let set = |filter| http(metrics, "PUT", "/log-level", filter);
    assert_eq!(set("info,minicrm::calls=debug").0, 200);
    overview().await;
    let request = ListLeadsRequest {
        page_size: -1,
        ..Default::default()
    };
    call!(app.leads.list_leads(request)).unwrap_err();
    let lines = calls(&log);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let fields = &lines[0]["fields"];
    assert_eq!(lines[0]["level"], "DEBUG");
    assert_eq!(fields["method"], "AnalyticsService/GetOverview");
    assert_eq!(fields["code"], "OK");
    assert_eq!(fields["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(
        fields["organization"],
        "00000000-0000-7000-8000-000000000001"
    );
    assert!(fields["latency_ms"].as_f64().unwrap() > 0.0);
    let fields = &lines[1]["fields"];
    assert_eq!(fields["code"], "INVALID_ARGUMENT");
    assert_eq!(fields["reason"], "INVALID_FIELDS");
    assert_eq!(fields["trace_id"].as_str().unwrap().len(), 32);

    let (status, said) = http(metrics, "GET", "/log-level", "");
    assert_eq!((status, said.contains("minicrm::calls=debug")), (200, true));
    assert_eq!(set("info,minicrm=nonsense").0, 400);
    assert_eq!(set("info").0, 200);
    overview().await;
    assert_eq!(calls(&log).len(), 2);
    assert!(process.terminate().await.success());
}

/// What callers make up is not repeated. Mutant: no line for what does not reach its
/// method.
#[tokio::test(flavor = "multi_thread")]
async fn calls_that_reach_no_method_have_a_line_too() {
    let data = DataDir::new("refused");
    let address = free_address();
    let settings = [
        ("MINICRM_DATA_DIR", data.0.to_str().unwrap()),
        ("MINICRM_LOG_FORMAT", "json"),
        ("RUST_LOG", "info,minicrm::calls=debug"),
    ];
    let log = data.0.join("service.log");
    let file = std::fs::File::create(&log).unwrap();
    let process = Process::start_with_log(address, &settings, file).await;
    let app = App::at(channel(address), data.url());
    let mut request = Request::new(ListLeadsRequest::default());
    request
        .metadata_mut()
        .insert("grpc-timeout", "Marker".parse().unwrap());
    app.leads.clone().list_leads(request).await.unwrap_err();
    for (service, method, bytes) in [
        ("Marker", "Marker", Vec::new()),
        ("LeadService", "Marker", Vec::new()),
        ("LeadService", "GetLead", vec![0xff]),
        ("LeadService", "GetLead", vec![0; 5 * 1024 * 1024]),
    ] {
        app.send(service, method, bytes).await.unwrap_err();
    }
    assert!(process.terminate().await.success());
    let lines = calls(&log);
    let found: Vec<_> = lines
        .iter()
        .map(|line| {
            let fields = &line["fields"];
            assert_eq!(line["level"], "DEBUG");
            assert!(fields["latency_ms"].is_number());
            assert_eq!(fields["trace_id"].as_str().unwrap().len(), 32);
            (
                fields["method"].as_str().unwrap(),
                fields["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("LeadService/ListLeads", "INVALID_FIELDS"),
            ("unknown", "UNIMPLEMENTED"),
            ("unknown", "UNIMPLEMENTED"),
            ("LeadService/GetLead", "MALFORMED_REQUEST"),
            ("LeadService/GetLead", "MESSAGE_TOO_LARGE"),
        ]
    );
    assert!(!std::fs::read_to_string(&log).unwrap().contains("Marker"));
}

/// A call that is a part of a trace.
async fn call_overview(app: &App) {
    let mut request = Request::new(GetOverviewRequest {});
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let metadata = request.metadata_mut();
    metadata.insert("traceparent", parent.parse().unwrap());
    call!(app.analytics.get_overview(request)).unwrap();
}

/// A setting that a build has nothing for is refused, not ignored.
#[cfg(not(feature = "otlp"))]
#[tokio::test]
async fn a_build_without_traces_says_so() {
    let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")];
    let output = crate::process::command(free_address(), &settings).output();
    let output = output.await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("otlp"));
}
