//! What every test starts with: a server of its own on a database of its own,
//! a client per service, makers of valid requests, and checks of errors.

mod background;
mod calls;
mod cluster;
mod errors;
mod hostile;
mod invariants;
mod locks;
mod makers;
mod people;
mod raw;
mod sale;
mod settings;
mod waits;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::{
    app::Settings,
    auth::tokens::Key,
    call::DEVELOPMENT_ORGANIZATION,
    ids::OrganizationId,
    platform::{background::Handle, db::Conn},
    proto::{
        activity_service_client::ActivityServiceClient,
        analytics_service_client::AnalyticsServiceClient, auth_service_client::AuthServiceClient,
        contact_service_client::ContactServiceClient, deal_service_client::DealServiceClient,
        lead_service_client::LeadServiceClient, operator_service_client::OperatorServiceClient,
        organization_service_client::OrganizationServiceClient,
        source_service_client::SourceServiceClient, task_service_client::TaskServiceClient,
    },
};
use tokio::sync::watch;
use tonic::{
    Request, Status,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

pub use background::{EVERYTHING, FOLDING};
pub(crate) use calls::call;
pub use calls::mask;
pub use cluster::{database_with, empty_database, new_database};
pub use errors::{assert_error, assert_invalid};
pub use hostile::{Hostile, framed};
pub use makers::*;
pub use people::Person;
pub use raw::messages;
use settings::authenticated;
pub use settings::{development, secure, secure_with, settings};
pub use waits::{HANGS, until, within};

/// A key that tokens are signed with.
pub const KEY: &str = include_str!("key.pem");
/// Another one.
pub const OTHER_KEY: &str = include_str!("other_key.pem");

/// A connection whose calls say who makes them.
pub type Caller = InterceptedService<Channel, Bearer>;

/// Who makes a call.
#[derive(Clone, Default)]
pub struct Bearer {
    token: String,
    organization_id: String,
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        if !self.token.is_empty() {
            let value = format!("Bearer {}", self.token).parse().unwrap();
            metadata.insert("authorization", value);
        }
        // A call that names an organization itself is left as it is.
        if !self.organization_id.is_empty() && metadata.get(ORGANIZATION).is_none() {
            metadata.insert(ORGANIZATION, self.organization_id.parse().unwrap());
        }
        Ok(request)
    }
}

const ORGANIZATION: &str = "x-organization-id";

/// A server and clients for it.
#[derive(Clone)]
pub struct App {
    /// URL of the server's database.
    pub database_url: String,
    /// Connection to the server.
    pub channel: Channel,
    /// The same, as who makes the calls.
    pub caller: Caller,
    pub leads: LeadServiceClient<Caller>,
    pub contacts: ContactServiceClient<Caller>,
    pub operators: OperatorServiceClient<Caller>,
    pub sources: SourceServiceClient<Caller>,
    pub analytics: AnalyticsServiceClient<Caller>,
    pub deals: DealServiceClient<Caller>,
    pub tasks: TaskServiceClient<Caller>,
    pub activities: ActivityServiceClient<Caller>,
    pub auth: AuthServiceClient<Caller>,
    pub organizations: OrganizationServiceClient<Caller>,
    /// Where the server listens, if it is one of this process.
    address: Option<SocketAddr>,
    /// What acts on its background tasks, if it is one of this process.
    background: Option<Handle>,
    /// Stops the server when the last clone is dropped.
    stop: Option<Arc<watch::Sender<bool>>>,
}

impl App {
    /// A server on a fresh database.
    pub async fn start() -> Self {
        Self::on(new_database().await).await
    }

    /// Another server on this database.
    pub async fn on(database_url: String) -> Self {
        Self::serving(database_url, vec![DEVELOPMENT_ORGANIZATION]).await
    }

    /// A server on this database for these organizations.
    pub async fn serving(database_url: String, organizations: Vec<OrganizationId>) -> Self {
        let settings = Settings {
            organizations,
            ..settings()
        };
        Self::made_with(database_url, settings).await
    }

    /// A server that has so many connections to this database, which nothing uses beside
    /// the calls: background tasks are held back.
    pub async fn with_connections(
        database_url: String,
        organizations: Vec<OrganizationId>,
        connections: usize,
    ) -> Self {
        let settings = Settings {
            pool_size: connections,
            organizations: organizations
                .into_iter()
                .map(|id| OrganizationId::from_uuid(id.into()))
                .collect(),
            ..settings()
        };
        Self::holding_back(database_url, settings, &EVERYTHING).await
    }

    /// A server with authentication on a fresh database.
    pub async fn secure() -> Self {
        Self::secure_on(new_database().await, &[KEY]).await
    }

    /// A server with authentication on this database, signing with the first of
    /// these keys.
    pub async fn secure_on(database_url: String, keys: &[&str]) -> Self {
        let pem = |key: &&str| Key::Ed25519Pem((*key).to_owned());
        let keys: Vec<_> = keys.iter().map(pem).collect();
        Self::authenticating(database_url, &keys, [1000, 1000]).await
    }

    /// The same with any keys, and so many attempts in a minute for an account
    /// and from a peer.
    pub async fn authenticating(database_url: String, keys: &[Key], attempts: [u32; 2]) -> Self {
        Self::made_with(database_url, authenticated(keys, attempts)).await
    }

    /// Another server with authentication on this database, which soon forgets what
    /// the database says of callers.
    pub async fn forgetful(database_url: String) -> Self {
        let settings = Settings {
            identity_cache_ttl: Some(Duration::from_millis(200)),
            ..secure()
        };
        Self::made_with(database_url, settings).await
    }

    /// Another server with authentication on this database, which believes for an hour what
    /// the database says of callers.
    pub async fn trusting(database_url: String) -> Self {
        let settings = Settings {
            identity_cache_ttl: Some(Duration::from_hours(1)),
            ..secure()
        };
        Self::made_with(database_url, settings).await
    }

    /// Clients of a server that runs elsewhere.
    pub fn at(channel: Channel, database_url: String) -> Self {
        Self::calling(channel, database_url, Bearer::default())
    }

    /// The same server, called with this token or key, for this organization.
    pub fn with(&self, token: &str, organization_id: &str) -> Self {
        let bearer = Bearer {
            token: token.to_owned(),
            organization_id: organization_id.to_owned(),
        };
        Self {
            address: self.address,
            background: self.background.clone(),
            stop: self.stop.clone(),
            ..Self::calling(self.channel.clone(), self.database_url.clone(), bearer)
        }
    }

    fn calling(channel: Channel, database_url: String, bearer: Bearer) -> Self {
        let caller = InterceptedService::new(channel.clone(), bearer);
        Self {
            database_url,
            leads: LeadServiceClient::new(caller.clone()),
            contacts: ContactServiceClient::new(caller.clone()),
            operators: OperatorServiceClient::new(caller.clone()),
            sources: SourceServiceClient::new(caller.clone()),
            analytics: AnalyticsServiceClient::new(caller.clone()),
            deals: DealServiceClient::new(caller.clone()),
            tasks: TaskServiceClient::new(caller.clone()),
            activities: ActivityServiceClient::new(caller.clone()),
            auth: AuthServiceClient::new(caller.clone()),
            organizations: OrganizationServiceClient::new(caller.clone()),
            caller,
            channel,
            address: None,
            background: None,
            stop: None,
        }
    }

    /// The same server, called from this address.
    pub async fn from(&self, peer: impl Into<IpAddr>) -> Self {
        let address = self.address.unwrap();
        let endpoint = Endpoint::try_from(format!("http://{address}")).unwrap();
        let endpoint = endpoint.local_address(Some(peer.into()));
        let channel = endpoint.connect().await.unwrap();
        Self {
            address: self.address,
            background: self.background.clone(),
            stop: self.stop.clone(),
            ..Self::at(channel, self.database_url.clone())
        }
    }

    /// Tells the server to stop.
    pub fn stop(&self) {
        self.stop.as_ref().unwrap().send_replace(true);
    }

    /// A connection to the server's database, to look behind the wire.
    pub async fn database(&self) -> Conn {
        Conn::establish(&self.database_url).await.unwrap()
    }

    /// Runs SQL behind the server's back.
    pub async fn execute(&self, sql: &str) {
        self.database().await.batch_execute(sql).await.unwrap();
    }
}
