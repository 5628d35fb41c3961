//! Probes over plain HTTP.

use super::{Process, free_address};
use crate::{
    support::{new_database, until},
    telemetry::http,
};

/// Mutants: ready before the database is; ready while it stops; not alive then.
#[tokio::test(flavor = "multi_thread")]
async fn probes_say_whether_it_lives_and_whether_it_is_ready() {
    let url = new_database().await;
    let (address, metrics) = (free_address(), free_address());
    let (listen, nowhere) = (metrics.to_string(), free_address().to_string());
    let until_said = async |path: &str, expected: u16| {
        until(&format!("{path} says {expected}"), async || {
            std::net::TcpStream::connect(metrics).is_ok()
                && http(metrics, "GET", path, "").0 == expected
        })
        .await;
    };
    // There is no database there.
    let missing = format!("postgres://postgres@{nowhere}/none");
    let settings = [
        ("DATABASE_URL", missing.as_str()),
        ("MINICRM_METRICS_LISTEN", &listen),
    ];
    let process = Process::spawn(address, &settings, std::process::Stdio::null());
    until_said("/healthz", 200).await;
    until_said("/readyz", 503).await;
    process.kill().await;

    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("MINICRM_METRICS_LISTEN", &listen),
        ("MINICRM_SHUTDOWN_PAUSE_SECONDS", "60"),
    ];
    let process = Process::start(address, &settings).await;
    until_said("/readyz", 200).await;
    process.signal("-TERM");
    until_said("/readyz", 503).await;
    until_said("/healthz", 200).await;
    process.kill().await;
}
