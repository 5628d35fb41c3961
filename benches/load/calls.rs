//! The calls that are measured: most functions here make a client, which makes
//! one call after the other.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::BoxFuture;
use minicrm::proto::{
    ContactStatus, CreateContactRequest, GetContactRequest, LeadIdentity, ReassignContactRequest,
    SetContactStatusRequest, contact_service_client::ContactServiceClient, create_contact_request,
};
use tonic::{Request, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use uuid::Uuid;

use crate::{
    cluster::{LEADS, Shape, id},
    rounds::Stage,
    server::Server,
};

/// How many of the numbered contacts a client has for itself.
pub const OWN_CONTACTS: usize = 50;

/// Makes one call each time; the answer is whether it is one to count.
pub type Client = Box<dyn FnMut() -> BoxFuture<'static, bool> + Send>;

/// Where clients call.
#[derive(Clone)]
pub struct Target {
    channels: Vec<Channel>,
    /// What is in the database.
    pub shape: Shape,
    /// How often each of the numbered contacts has changed its status.
    changes: Arc<Vec<AtomicUsize>>,
}

impl Target {
    /// All servers of a stage.
    pub fn new(stage: &Stage) -> Self {
        let channels = stage.servers.iter().flat_map(Server::channels);
        Self {
            channels: channels.cloned().collect(),
            shape: stage.shape.clone(),
            changes: Arc::new(
                (0..stage.shape.contacts)
                    .map(|_| AtomicUsize::new(0))
                    .collect(),
            ),
        }
    }

    /// The connection of the client with this number.
    pub fn channel(&self, client: usize) -> Channel {
        self.channels[client % self.channels.len()].clone()
    }

    /// Makes the same kind of call again and again.
    pub fn repeat<C>(
        &self,
        client: usize,
        mut call: impl FnMut(Channel) -> C + Send + 'static,
    ) -> Client
    where
        C: Future<Output = ()> + Send + 'static,
    {
        let channel = self.channel(client);
        Box::new(move || {
            let call = call(channel.clone());
            Box::pin(async move {
                call.await;
                true
            })
        })
    }

    /// Takes in contacts of new leads.
    pub fn new_leads(&self, client: usize) -> Client {
        let shape = self.shape.clone();
        self.repeat(client, move |channel| {
            create(channel, contact(&shape, any_source(&shape), new_lead()))
        })
    }

    /// The same with all that a careful client sends.
    pub fn full_identities(&self, client: usize) -> Client {
        static PHONE: AtomicUsize = AtomicUsize::new(0);
        let shape = self.shape.clone();
        self.repeat(client, move |channel| {
            let lead = new_lead();
            let lead = LeadIdentity {
                phone: format!("+49 151 {:08}", PHONE.fetch_add(1, Ordering::Relaxed)),
                email: format!("{}@example.org", lead.external_id),
                name: "Eve Example".to_owned(),
                ..lead
            };
            let mut request = contact(&shape, any_source(&shape), lead);
            request.get_mut().request_id = Uuid::now_v7().to_string();
            create(channel, request)
        })
    }

    /// Takes in contacts of leads that are known. Of every 20 it closes 10, which
    /// is not counted.
    pub fn known_leads(&self, client: usize) -> Client {
        let (shape, channel) = (self.shape.clone(), self.channel(client));
        let created = Arc::new(Mutex::new(Vec::new()));
        let mut turns = (0..30).cycle();
        Box::new(move || {
            let mut contacts = ContactServiceClient::new(channel.clone());
            let created = Arc::clone(&created);
            if turns.next() >= Some(20) {
                let (source, id) = created.lock().unwrap().pop().unwrap();
                let request = set_status(&shape, source, id, ContactStatus::Closed);
                return Box::pin(async move {
                    contacts.set_contact_status(request).await.unwrap();
                    false
                });
            }
            let number = rand::random_range(1..=LEADS);
            let lead = LeadIdentity {
                external_id: format!("lead-{number}"),
                ..Default::default()
            };
            let source = shape.source_with(number);
            let request = contact(&shape, source, lead);
            Box::pin(async move {
                let answer = contacts.create_contact(request).await.unwrap();
                let contact = answer.into_inner().contact.unwrap();
                created.lock().unwrap().push((source, contact.id));
                true
            })
        })
    }

    /// Changes the status of numbered contacts, each client of its own ones, to
    /// the next: in progress, closed, new.
    pub fn set_statuses(&self, client: usize) -> Client {
        let (shape, changes) = (self.shape.clone(), Arc::clone(&self.changes));
        let mut numbers = own_contacts(client);
        self.repeat(client, move |channel| {
            let number = numbers.next().unwrap();
            let next = [
                ContactStatus::InProgress,
                ContactStatus::Closed,
                ContactStatus::New,
            ];
            let change = changes[number - 1].fetch_add(1, Ordering::Relaxed);
            let source = shape.source_with(number);
            let id = id(number).to_string();
            let request = set_status(&shape, source, id, next[change % next.len()]);
            async move {
                let mut contacts = ContactServiceClient::new(channel);
                contacts.set_contact_status(request).await.unwrap();
            }
        })
    }

    /// Draws a new operator for numbered contacts, each client for its own ones.
    pub fn reassign(&self, client: usize) -> Client {
        let shape = self.shape.clone();
        let mut numbers = own_contacts(client);
        self.repeat(client, move |channel| {
            let number = numbers.next().unwrap();
            let request = ReassignContactRequest {
                id: id(number).to_string(),
                ..Default::default()
            };
            let request = of_organization(&shape, shape.source_with(number), request);
            async move {
                let mut contacts = ContactServiceClient::new(channel);
                contacts.reassign_contact(request).await.unwrap();
            }
        })
    }

    /// Reads any of the numbered contacts.
    pub fn get_contacts(&self, client: usize) -> Client {
        let shape = self.shape.clone();
        self.repeat(client, move |channel| {
            let number = rand::random_range(1..=shape.contacts);
            let request = GetContactRequest {
                id: id(number).to_string(),
            };
            let request = of_organization(&shape, shape.source_with(number), request);
            async move {
                let mut contacts = ContactServiceClient::new(channel);
                contacts.get_contact(request).await.unwrap();
            }
        })
    }

    /// Asks for the health, which the server knows.
    pub fn no_op(&self, client: usize) -> Client {
        self.repeat(client, |channel| async move {
            let mut health = HealthClient::new(channel);
            health.check(HealthCheckRequest::default()).await.unwrap();
        })
    }
}

/// The numbers of the client's own contacts, again and again.
fn own_contacts(client: usize) -> impl Iterator<Item = usize> {
    let first = client * OWN_CONTACTS + 1;
    (first..first + OWN_CONTACTS).cycle()
}

fn any_source(shape: &Shape) -> usize {
    rand::random_range(1..=shape.sources)
}

/// A lead that is not known.
pub fn new_lead() -> LeadIdentity {
    LeadIdentity {
        external_id: format!("lead-{}", rand::random::<u64>() >> 4),
        ..Default::default()
    }
}

/// A contact of this lead through the source with this number.
pub fn contact(shape: &Shape, source: usize, lead: LeadIdentity) -> Request<CreateContactRequest> {
    let code = format!("source-{source}");
    let request = CreateContactRequest {
        source: Some(create_contact_request::Source::SourceCode(code)),
        lead: Some(lead),
        message: "Hello".to_owned(),
        request_id: String::new(),
    };
    of_organization(shape, source, request)
}

async fn create(channel: Channel, request: Request<CreateContactRequest>) {
    let mut contacts = ContactServiceClient::new(channel);
    contacts.create_contact(request).await.unwrap();
}

/// A new status for the contact with this id, of this source.
pub fn set_status(
    shape: &Shape,
    source: usize,
    id: String,
    status: ContactStatus,
) -> Request<SetContactStatusRequest> {
    let request = SetContactStatusRequest {
        id,
        status: status.into(),
        ..Default::default()
    };
    of_organization(shape, source, request)
}

/// A request for the organization that the source with this number belongs to.
pub fn of_organization<T>(shape: &Shape, source: usize, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let organization = id(shape.organization_of(source)).to_string();
    let metadata = request.metadata_mut();
    metadata.insert("x-organization-id", organization.parse().unwrap());
    request
}
