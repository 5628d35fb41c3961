//! What the service says of itself: the binary's metrics, logs and traces.

mod levels;
mod metrics;
mod queries;
mod secrets;
#[cfg(feature = "otlp")]
mod traces;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::{
    process::{Process, channel, free_address},
    support::{App, new_database, until},
};

/// The binary with these settings, and where its metrics are.
pub async fn measured(settings: &[(&str, &str)]) -> (Process, App, SocketAddr) {
    let url = new_database().await;
    let (address, metrics) = (free_address(), free_address());
    let listen = metrics.to_string();
    let own = [
        ("DATABASE_URL", url.as_str()),
        ("MINICRM_METRICS_LISTEN", &listen),
    ];
    let process = Process::start(address, &[settings, &own].concat()).await;
    (process, App::at(channel(address), url), metrics)
}

/// Sends a request to the plain HTTP port: the status, and the body.
pub fn http(address: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// The metrics page.
pub fn page(address: SocketAddr) -> String {
    let (status, page) = http(address, "GET", "/metrics", "");
    assert_eq!(status, 200);
    page
}

/// The value of a metric, labels included, if it is there.
pub fn value(page: &str, metric: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix(metric))?;
    line.strip_prefix(' ')?.parse().ok()
}

/// Waits until the metrics page says this.
async fn until_metric(address: SocketAddr, metric: &str, expected: f64) {
    until(&format!("{metric} {expected}"), async || {
        value(&page(address), metric) == Some(expected)
    })
    .await;
}
