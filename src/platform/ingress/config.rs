//! The settings of the edge.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::Args;

use super::{Settings, Timeouts, tls::Files};
use crate::platform::Address;

/// Settings of connections, TLS, limits and load shedding.
#[derive(Debug, Clone, Args)]
pub struct Edge {
    /// Address for health checks alone, without TLS and without authentication.
    #[arg(
        long,
        global = true,
        env = "MINICRM_HEALTH_LISTEN",
        value_name = "ADDRESS"
    )]
    pub health_listen: Option<Address>,

    /// File with the certificate to serve with TLS, and those between it and its
    /// authority (PEM). Changes of this file and the next two are followed.
    #[arg(
        long,
        global = true,
        env = "MINICRM_TLS_CERT",
        requires = "tls_key",
        value_name = "FILE"
    )]
    pub tls_cert: Option<PathBuf>,

    /// File with the certificate's key (PEM).
    #[arg(
        long,
        global = true,
        env = "MINICRM_TLS_KEY",
        requires = "tls_cert",
        value_name = "FILE"
    )]
    pub tls_key: Option<PathBuf>,

    /// File with the authorities whose certificates clients must have (PEM).
    /// Without it, clients need none.
    #[arg(
        long,
        global = true,
        env = "MINICRM_TLS_CLIENT_CA",
        requires = "tls_cert",
        value_name = "FILE"
    )]
    pub tls_client_ca: Option<PathBuf>,

    /// How long a call may take that does not say, in seconds; `BatchCreateContacts` and
    /// `EraseLead` then have the next one.
    #[arg(
        long,
        global = true,
        env = "MINICRM_DEFAULT_TIMEOUT_SECONDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..),
        value_name = "SECONDS"
    )]
    pub default_timeout_seconds: u32,

    /// How long a call may take whatever it says, in seconds.
    #[arg(
        long,
        global = true,
        env = "MINICRM_MAX_TIMEOUT_SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..),
        value_name = "SECONDS"
    )]
    pub max_timeout_seconds: u32,

    /// Calls in flight at most; more are refused at once. Without it, four for each
    /// connection to Postgres and 512.
    #[arg(
        long,
        global = true,
        env = "MINICRM_MAX_IN_FLIGHT",
        value_name = "COUNT"
    )]
    pub max_in_flight: Option<NonZeroU32>,

    /// Connections of clients at most. Beyond three quarters of them, idle ones of
    /// callers whom nobody knows are closed for new ones.
    #[arg(
        long,
        global = true,
        env = "MINICRM_MAX_CONNECTIONS",
        default_value = "2000",
        value_name = "COUNT"
    )]
    pub max_connections: NonZeroU32,

    /// Connections from one address at most, in IPv6 from one network of 64 bits.
    /// Without it, half of all. Raise it behind a proxy that opens many.
    #[arg(
        long,
        global = true,
        env = "MINICRM_MAX_CONNECTIONS_PER_PEER",
        value_name = "COUNT"
    )]
    pub max_connections_per_peer: Option<NonZeroU32>,

    /// How long a connection may be used, in seconds, ten percent more or less. Its
    /// calls are finished, and clients open another one. 0 is for ever.
    #[arg(
        long,
        global = true,
        env = "MINICRM_MAX_CONNECTION_AGE_SECONDS",
        default_value_t = 300,
        value_name = "SECONDS"
    )]
    pub max_connection_age_seconds: u32,

    /// Memory for requests that are read or worked on, decompressed and decoded, in MiB,
    /// 32 at least. A quarter of it is for callers whom nobody knows, the rest for the others.
    #[arg(
        long,
        global = true,
        env = "MINICRM_REQUEST_MEMORY_MIB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(32..=65536),
        value_name = "MIB"
    )]
    pub request_memory_mib: u32,

    /// Memory for answers that wait to be sent, in MiB, 16 at least, shared in the same way.
    #[arg(
        long,
        global = true,
        env = "MINICRM_ANSWER_MEMORY_MIB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(16..=65536),
        value_name = "MIB"
    )]
    pub answer_memory_mib: u32,

    /// How long a request may take from its head to its end, in seconds.
    #[arg(
        long,
        global = true,
        env = "MINICRM_BODY_TIMEOUT_SECONDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..),
        value_name = "SECONDS"
    )]
    pub body_timeout_seconds: u32,

    /// How long an answer may wait for its reader, in seconds. Then its stream is reset,
    /// or its connection closed.
    #[arg(
        long,
        global = true,
        env = "MINICRM_STALL_TIMEOUT_SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..),
        value_name = "SECONDS"
    )]
    pub stall_timeout_seconds: u32,

    /// Calls a second for one organization, in each process; 0 is any number.
    #[arg(
        long,
        global = true,
        env = "MINICRM_ORGANIZATION_RATE",
        default_value_t = 0,
        value_name = "COUNT"
    )]
    pub organization_rate: u32,

    /// Calls a second with one API key, in each process; 0 is any number.
    #[arg(
        long,
        global = true,
        env = "MINICRM_API_KEY_RATE",
        default_value_t = 0,
        value_name = "COUNT"
    )]
    pub api_key_rate: u32,

    /// How long to go on serving on shutdown after health says so, in seconds, for
    /// balancers to notice.
    #[arg(
        long,
        global = true,
        env = "MINICRM_SHUTDOWN_PAUSE_SECONDS",
        default_value_t = 0,
        value_name = "SECONDS"
    )]
    pub shutdown_pause_seconds: u32,
}

impl Edge {
    /// What the server is made with.
    pub fn settings(&self) -> Settings {
        let seconds = |count: u32| Duration::from_secs(count.into());
        let count = |count: NonZeroU32| usize::try_from(count.get()).unwrap_or(usize::MAX);
        let mib = |count: u32| usize::try_from(count).unwrap_or(usize::MAX) << 20;
        Settings {
            timeouts: Timeouts {
                default: seconds(self.default_timeout_seconds),
                max: seconds(self.max_timeout_seconds),
            },
            max_in_flight: self.max_in_flight.map(count),
            max_connections: count(self.max_connections),
            max_connections_per_peer: self.max_connections_per_peer.map(count),
            max_connection_age: seconds(self.max_connection_age_seconds),
            organization_rate: NonZeroU32::new(self.organization_rate),
            api_key_rate: NonZeroU32::new(self.api_key_rate),
            request_memory: mib(self.request_memory_mib),
            answer_memory: mib(self.answer_memory_mib),
            body_timeout: seconds(self.body_timeout_seconds),
            stall_timeout: seconds(self.stall_timeout_seconds),
            ..Settings::default()
        }
    }

    /// The files of TLS, if it is to be served.
    pub fn tls(&self) -> Option<Files> {
        Some(Files {
            cert: self.tls_cert.clone()?,
            key: self.tls_key.clone()?,
            client_ca: self.tls_client_ca.clone(),
        })
    }

    /// How long to go on serving on shutdown.
    pub fn shutdown_pause(&self) -> Duration {
        Duration::from_secs(self.shutdown_pause_seconds.into())
    }
}
