//! The server as a process of its own, and connections to it.

use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::sleep,
};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::cluster::Shape;

/// A running server. It is killed when this is dropped.
pub struct Server {
    child: Child,
    channels: Vec<Channel>,
    /// How long it took until it served.
    pub started: Duration,
}

impl Server {
    /// Starts the binary on this database and connects to it.
    pub async fn start(url: &str, shape: &Shape, connections: usize) -> Self {
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_minicrm"))
            .env("DATABASE_URL", url)
            .env("MINICRM_LISTEN", address.to_string())
            .env("MINICRM_ORGANIZATIONS", shape.organizations())
            // A connection's end would fail the calls that are not sent yet.
            .env("MINICRM_MAX_CONNECTION_AGE_SECONDS", "0")
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
            assert!(child.try_wait().unwrap().is_none(), "the server ended");
            sleep(Duration::from_millis(2)).await;
        }
        let started = begin.elapsed();
        let mut channels = Vec::new();
        for _ in 0..connections {
            channels.push(endpoint.connect().await.unwrap());
        }
        Self {
            child,
            channels,
            started,
        }
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// The connections.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }
}
