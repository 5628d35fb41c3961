//! The edge of the server: connections, TLS, and what is around each call, from
//! its deadline to a panic. What is too much is refused here, before it costs
//! anything.

mod calls;
pub mod config;
mod connections;
mod deadline;
mod heard;
mod in_flight;
pub mod panics;
mod rates;
pub mod tls;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

pub use connections::Door;
pub use deadline::{Deadline, Timeouts};
pub use in_flight::Admitted;
use uuid::Uuid;

use crate::{access::Identity, error::Result, grouped::MAX_GROUP};
use in_flight::InFlight;
use rates::Rates;

/// How long a connection may be used before it is replaced, unless told otherwise.
const CONNECTION_AGE: Duration = Duration::from_mins(5);
/// Most connections at a time, unless told otherwise.
const CONNECTIONS: usize = 2000;
/// Calls in flight for each connection to the database, unless told otherwise.
const CALLS_PER_DATABASE_CONNECTION: usize = 4;

/// What an edge is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long calls may take.
    pub timeouts: Timeouts,
    /// Most calls in flight.
    pub max_in_flight: Option<usize>,
    /// Most connections at a time.
    pub max_connections: usize,
    /// How long a connection may be used; 0 is for ever.
    pub max_connection_age: Duration,
    /// Calls a second of an organization.
    pub organization_rate: Option<NonZeroU32>,
    /// Calls a second with an API key.
    pub api_key_rate: Option<NonZeroU32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            max_in_flight: None,
            max_connections: CONNECTIONS,
            max_connection_age: CONNECTION_AGE,
            organization_rate: None,
            api_key_rate: None,
        }
    }
}

/// What all connections and calls share.
pub struct Edge {
    settings: Settings,
    in_flight: Arc<InFlight>,
    rates: Rates,
}

impl Edge {
    /// With these settings, for a server with so many connections to its database.
    ///
    /// Unless told otherwise, as many calls may be in flight as keep it busy: a
    /// group that is being done, one that gathers meanwhile, and a few for each
    /// connection. More would only wait.
    pub fn new(settings: Settings, database_connections: usize) -> Self {
        let enough = 2 * MAX_GROUP + CALLS_PER_DATABASE_CONNECTION * database_connections;
        let limit = settings.max_in_flight.unwrap_or(enough);
        Self {
            in_flight: Arc::new(InFlight::new(limit)),
            rates: Rates::new(settings.organization_rate, settings.api_key_rate),
            settings,
        }
    }

    /// Lets a call in, or refuses it if too many are in flight. Nobody waits here.
    pub fn admit(&self) -> Result<Admitted> {
        self.in_flight.admit()
    }

    /// Counts a call against what the organization and the key may call a second.
    pub fn count(&self, organization_id: Uuid, identity: Identity) -> Result<()> {
        self.rates.check(organization_id, identity)
    }
}
