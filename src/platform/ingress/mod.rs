//! The edge of the server: connections, TLS, and what is around each call, from its
//! deadline to a panic. Limits and load shedding are here: what is refused costs nothing.

mod answers;
mod beside;
mod budget;
mod calls;
pub mod config;
mod connection;
mod connections;
mod deadline;
mod decompress;
mod in_flight;
mod methods;
mod network;
mod preface;
mod rates;
mod received;
mod requests;
mod served;
mod stalls;
pub mod tls;
mod visitors;
mod weight;
mod whole;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

pub use connections::Acceptor;
pub use deadline::{Deadline, Timeouts};
pub use in_flight::Admitted;
pub use methods::Methods;
pub use network::network;
pub use requests::{Callers, RequestMemory};

use crate::{actor::Identity, error::Result, ids::OrganizationId};
use budget::Memory;
pub use budget::Owner;
use in_flight::InFlight;
use rates::Rates;
pub use visitors::Visitor;

/// How long a connection may be used before it is replaced, unless told otherwise.
const CONNECTION_AGE: Duration = Duration::from_mins(5);
/// Most connections at a time, unless told otherwise.
const CONNECTIONS: usize = 2000;
/// Bytes that are held of requests, and of answers, unless told otherwise.
const MEMORY: usize = 64 * 1024 * 1024;
/// How long the rest of a request is waited for, unless told otherwise.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the reader of an answer is waited for, unless told otherwise.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long all of an answer may take to be sent, unless told otherwise.
const SEND_TIMEOUT: Duration = Duration::from_mins(1);
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
    /// The same of one peer; half of all unless given.
    pub max_connections_per_peer: Option<usize>,
    /// How long a connection may be used; 0 is for ever.
    pub max_connection_age: Duration,
    /// Calls a second of an organization.
    pub organization_rate: Option<NonZeroU32>,
    /// Calls a second with an API key.
    pub api_key_rate: Option<NonZeroU32>,
    /// Bytes of memory for requests, as long as they are read and worked on.
    pub request_memory: usize,
    /// Bytes of memory for answers that wait to be sent.
    pub answer_memory: usize,
    /// How long a request may take from its head to its end.
    pub body_timeout: Duration,
    /// How long an answer may wait for its reader.
    pub stall_timeout: Duration,
    /// How long all of an answer may take to be sent, however its reader goes on.
    pub send_timeout: Duration,
}

impl Settings {
    /// Most connections of one peer.
    fn peer_limit(&self) -> usize {
        let half = self.max_connections.div_ceil(2);
        self.max_connections_per_peer.unwrap_or(half)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            max_in_flight: None,
            max_connections: CONNECTIONS,
            max_connections_per_peer: None,
            max_connection_age: CONNECTION_AGE,
            organization_rate: None,
            api_key_rate: None,
            request_memory: MEMORY,
            answer_memory: MEMORY,
            body_timeout: BODY_TIMEOUT,
            stall_timeout: STALL_TIMEOUT,
            send_timeout: SEND_TIMEOUT,
        }
    }
}

/// What all connections and calls share.
pub struct Edge {
    settings: Settings,
    in_flight: Arc<InFlight>,
    rates: Rates,
    methods: Methods,
    requests: Memory,
    answers: Memory,
}

impl Edge {
    /// With these settings, for a server of these methods with so many connections to its
    /// database, where a batch of writes has at most `max_batch`.
    ///
    /// Unless told otherwise, as many calls may be in flight as keep it busy: a
    /// batch that is being done, one that gathers meanwhile, and a few for each
    /// connection. More would only wait.
    pub fn new(
        settings: Settings,
        methods: Methods,
        database_connections: usize,
        max_batch: usize,
    ) -> Self {
        let enough = 2 * max_batch + CALLS_PER_DATABASE_CONNECTION * database_connections;
        let limit = settings.max_in_flight.unwrap_or(enough);
        Self {
            in_flight: Arc::new(InFlight::new(limit)),
            rates: Rates::new(settings.organization_rate, settings.api_key_rate),
            methods,
            requests: Memory::new("request_memory", settings.request_memory),
            answers: Memory::new("answer_memory", settings.answer_memory),
            settings,
        }
    }

    /// Lets a call in, or refuses it if too many are in flight. Nobody waits here.
    pub fn admit(&self) -> Result<Admitted> {
        self.in_flight.admit()
    }

    /// Counts a call against what the organization and the key may call a second.
    pub fn count(&self, organization_id: OrganizationId, identity: Identity) -> Result<()> {
        self.rates.check(organization_id, identity)
    }
}
