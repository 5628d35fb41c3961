//! The calls that are measured: each function here makes a client, which makes
//! one call after the other.

use futures_util::future::BoxFuture;
use minicrm::proto::{
    CreateContactRequest, LeadIdentity, contact_service_client::ContactServiceClient,
    create_contact_request,
};
use tonic::{Request, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    cluster::{Shape, id},
    rounds::Stage,
    server::Server,
};

/// Makes one call each time; the answer is whether it is one to count.
pub type Client = Box<dyn FnMut() -> BoxFuture<'static, bool> + Send>;

/// Where clients call.
#[derive(Debug, Clone)]
pub struct Target {
    channels: Vec<Channel>,
    shape: Shape,
}

impl Target {
    /// All servers of a stage.
    pub fn new(stage: &Stage) -> Self {
        let channels = stage.servers.iter().flat_map(Server::channels);
        Self {
            channels: channels.cloned().collect(),
            shape: stage.shape.clone(),
        }
    }

    /// The connection of the client with this number.
    fn channel(&self, client: usize) -> Channel {
        self.channels[client % self.channels.len()].clone()
    }

    /// Takes in contacts of new leads.
    pub fn new_leads(&self, client: usize) -> Client {
        let (shape, channel) = (self.shape.clone(), self.channel(client));
        Box::new(move || {
            let mut contacts = ContactServiceClient::new(channel.clone());
            let lead = LeadIdentity {
                external_id: format!("lead-{}", rand::random::<u64>() >> 4),
                ..Default::default()
            };
            let request = contact(&shape, lead);
            Box::pin(async move {
                contacts.create_contact(request).await.unwrap();
                true
            })
        })
    }

    /// Asks for the health, which the server knows.
    pub fn no_op(&self, client: usize) -> Client {
        let channel = self.channel(client);
        Box::new(move || {
            let mut health = HealthClient::new(channel.clone());
            Box::pin(async move {
                health.check(HealthCheckRequest::default()).await.unwrap();
                true
            })
        })
    }
}

/// A contact of this lead through any of the sources.
fn contact(shape: &Shape, lead: LeadIdentity) -> Request<CreateContactRequest> {
    let source = rand::random_range(1..=shape.sources);
    let request = CreateContactRequest {
        source: Some(create_contact_request::Source::SourceCode(format!(
            "source-{source}"
        ))),
        lead: Some(lead),
        message: "Hello".to_owned(),
        request_id: String::new(),
    };
    of_organization(shape.organization_of(source), request)
}

/// A request for the organization with this number.
fn of_organization<T>(organization: usize, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = id(organization).to_string().parse().unwrap();
    request.metadata_mut().insert("x-organization-id", value);
    request
}
