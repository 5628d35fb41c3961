//! The settings of what the service says of itself, but for those of its log.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::platform::Address;

/// Settings of what the service says of itself.
#[derive(Debug, Clone, Args)]
pub struct Telemetry {
    /// Address of a plain HTTP port with `/metrics`, `/healthz`, `/readyz`, `/log-level`
    /// and `/.well-known/jwks.json`. Without it there is none.
    #[arg(
        long,
        global = true,
        env = "MINICRM_METRICS_LISTEN",
        value_name = "ADDRESS"
    )]
    pub metrics_listen: Option<Address>,

    /// How often backlog and loads are read from the database for the metrics, in
    /// seconds.
    #[arg(
        long,
        global = true,
        env = "MINICRM_METRICS_INTERVAL_SECONDS",
        default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(1..),
        value_name = "SECONDS"
    )]
    pub metrics_interval_seconds: u64,

    /// How often counts are compared with the rows for the metrics, as `verify`
    /// does, in seconds. It reads all contacts. 0: never.
    #[arg(
        long,
        global = true,
        env = "MINICRM_VERIFY_INTERVAL_SECONDS",
        default_value_t = 21_600,
        value_name = "SECONDS"
    )]
    pub verify_interval_seconds: u64,

    /// Where traces are sent, by OTLP over gRPC, like `http://127.0.0.1:4317`, or
    /// `https://…` with the authorities of the system. Without it there are none.
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` is asked next. Needs a build with the feature `otlp`.
    #[arg(long, global = true, env = "MINICRM_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

impl Telemetry {
    /// How often the gauges from the database are read.
    pub fn metrics_interval(&self) -> Duration {
        Duration::from_secs(self.metrics_interval_seconds)
    }

    /// How often counts are verified, if they are.
    pub fn verify_interval(&self) -> Option<Duration> {
        let seconds = self.verify_interval_seconds;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// Where traces are sent.
    pub fn traces(&self) -> Option<&str> {
        self.otlp_endpoint.as_deref().filter(|url| !url.is_empty())
    }
}

/// How to write logs.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}
