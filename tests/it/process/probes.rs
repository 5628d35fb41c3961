//! Probes over plain HTTP.

use std::time::Duration;

use tokio::time::sleep;

use super::{HANGS, Process, free_address};
use crate::telemetry::http;

/// Mutants: ready before the database is; ready while it stops; not alive then.
#[tokio::test(flavor = "multi_thread")]
async fn probes_say_whether_it_lives_and_whether_it_is_ready() {
    let url = crate::support::new_database().await;
    let (address, metrics) = (free_address(), free_address());
    let (listen, nowhere) = (metrics.to_string(), free_address().to_string());
    let until = async |path: &str, expected: u16| {
        let found = async {
            while std::net::TcpStream::connect(metrics).is_err()
                || http(metrics, "GET", path, "").0 != expected
            {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(HANGS, found).await.unwrap();
    };
    // There is no database there.
    let missing = format!("postgres://postgres@{nowhere}/none");
    let settings = [
        ("DATABASE_URL", missing.as_str()),
        ("MINICRM_METRICS_LISTEN", &listen),
    ];
    let process = Process::spawn(address, &settings, std::process::Stdio::null());
    until("/healthz", 200).await;
    until("/readyz", 503).await;
    process.kill().await;

    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("MINICRM_METRICS_LISTEN", &listen),
        ("MINICRM_SHUTDOWN_PAUSE_SECONDS", "60"),
    ];
    let process = Process::start(address, &settings).await;
    until("/readyz", 200).await;
    process.signal("-TERM");
    until("/readyz", 503).await;
    until("/healthz", 200).await;
    process.kill().await;
}
