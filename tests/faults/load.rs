//! Callers who repeat calls by a policy, and a history of what they were told.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use minicrm::proto::{
    ContactStatus, CreateContactRequest, SetContactStatusRequest,
    contact_service_client::ContactServiceClient,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use crate::support::{external, request_id, until, within};

const CLIENTS: usize = 16;
/// Leads of each client, who come again and again.
const LEADS: usize = 20;
/// How often a call is made at most, and how long until the second time. Each wait
/// is twice the one before.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// How long each of them may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What became of a request, as its caller knows it.
#[derive(Debug)]
pub struct Told {
    /// The id of the request, which is the contact's message too.
    pub request: String,
    /// The contact it made. Without one it is unknown whether there is any.
    pub contact: Option<String>,
}

/// What callers were told.
#[derive(Debug, Default)]
pub struct History {
    /// Of each request.
    pub told: Vec<Told>,
    /// What calls ended with, and how often. `None` is for what the server did not say.
    pub refusals: BTreeMap<Option<i32>, usize>,
}

/// Callers who send requests until they are told to stop.
pub struct Load {
    clients: JoinSet<History>,
    acknowledged: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

/// A connection that notices when nobody is there any more.
pub fn connection(address: SocketAddr) -> Channel {
    Endpoint::try_from(format!("http://{address}"))
        .unwrap()
        .connect_timeout(Duration::from_secs(1))
        .http2_keep_alive_interval(Duration::from_secs(1))
        .keep_alive_timeout(Duration::from_secs(1))
        .keep_alive_while_idle(true)
        .connect_lazy()
}

/// Whether the server itself said so, and not the connection to it.
pub fn said_by_server(status: &Status) -> bool {
    status.get_details_error_info().is_some()
}

impl Load {
    /// Lets clients send requests to these servers.
    pub fn start(addresses: &[SocketAddr], request: &CreateContactRequest) -> Self {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            let client = Client {
                servers: addresses.iter().map(|&at| connection(at)).collect(),
                request: request.clone(),
                number,
                turn: number,
                history: History::default(),
            };
            clients.spawn(client.run(Arc::clone(&acknowledged), Arc::clone(&stopped)));
        }
        Self {
            clients,
            acknowledged,
            stopped,
        }
    }

    /// Waits until this many more contacts have been acknowledged.
    pub async fn more(&self, contacts: usize) {
        let enough = self.acknowledged() + contacts;
        until("traffic", async || self.acknowledged() >= enough).await;
    }

    /// How many contacts have been acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::SeqCst)
    }

    /// Stops the clients: what they were told.
    pub async fn stop(self) -> History {
        self.stopped.store(true, Ordering::SeqCst);
        let all = within("all clients", self.clients.join_all()).await;
        let mut history = History::default();
        for one in all {
            history.told.extend(one.told);
            for (code, count) in one.refusals {
                *history.refusals.entry(code).or_default() += count;
            }
        }
        history
    }
}

struct Client {
    servers: Vec<Channel>,
    request: CreateContactRequest,
    number: usize,
    /// Whose turn it is among the servers.
    turn: usize,
    history: History,
}

impl Client {
    async fn run(mut self, acknowledged: Arc<AtomicUsize>, stopped: Arc<AtomicBool>) -> History {
        while !stopped.load(Ordering::SeqCst) {
            let count = self.history.told.len();
            let request = request_id();
            let contact = self.create(&request, count % LEADS).await;
            if let Some(id) = &contact {
                acknowledged.fetch_add(1, Ordering::SeqCst);
                // Those who are full have room again.
                if count.is_multiple_of(3) {
                    self.close(id).await;
                }
            }
            self.history.told.push(Told { request, contact });
        }
        self.history
    }

    async fn create(&mut self, id: &str, lead: usize) -> Option<String> {
        let request = CreateContactRequest {
            request_id: id.to_owned(),
            message: id.to_owned(),
            lead: Some(external(self.number * LEADS + lead)),
            ..self.request.clone()
        };
        let mut wait = FIRST_WAIT;
        for attempt in 1..=ATTEMPTS {
            let mut server = self.server();
            let call = server.create_contact(with_deadline(request.clone()));
            let code = match timeout(2 * DEADLINE, call).await {
                Ok(Ok(answer)) => return Some(answer.into_inner().contact.unwrap().id),
                Ok(Err(status)) => said_by_server(&status).then_some(status.code()),
                Err(_) => None,
            };
            *self
                .history
                .refusals
                .entry(code.map(i32::from))
                .or_default() += 1;
            let again = matches!(code, None | Some(Code::Unavailable));
            if !again || attempt == ATTEMPTS {
                break;
            }
            sleep(wait).await;
            wait *= 2;
        }
        None
    }

    /// Closes a contact, or not: nobody counts on it.
    async fn close(&mut self, id: &str) {
        let request = SetContactStatusRequest {
            id: id.to_owned(),
            status: ContactStatus::Closed.into(),
            ..Default::default()
        };
        let mut server = self.server();
        let call = server.set_contact_status(with_deadline(request));
        let _ = timeout(2 * DEADLINE, call).await;
    }

    fn server(&mut self) -> ContactServiceClient<Channel> {
        self.turn += 1;
        ContactServiceClient::new(self.servers[self.turn % self.servers.len()].clone())
    }
}

fn with_deadline<T>(request: T) -> Request<T> {
    let mut request = Request::new(request);
    request.set_timeout(DEADLINE);
    request
}
