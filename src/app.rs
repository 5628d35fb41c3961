//! The composition root: makes everything that lives as long as the process, and gives each
//! part what it needs of the others.

use std::{sync::Arc, time::Duration};

use phonenumber::country;
use tokio::time::timeout;

use crate::{
    access::{Who, identities::IDENTITY_CACHE_TTL, table::TABLE},
    audit::denials::Denials,
    auth::{self, Auth, tokens::JsonWebKey},
    call::{Frame, FrameParts},
    contacts::Contacts,
    error::{Error, Result},
    ids::OrganizationId,
    organizations::{self, Limits},
    platform::{
        batch::MAX_BATCH,
        db::{Connector, Db, Replica, TenantBulkhead, TheseOrganizations},
        grpc::validate,
        ingress::{self, Edge, Methods},
        migrations,
        telemetry::Reminder,
    },
    proto, recorder,
    statistics::DirtyOrganizations,
};

/// How long a call waits for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// The same in a batch, where others wait behind.
const BATCH_LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the database may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_millis(1500);

/// What a server is made with.
#[derive(Default)]
pub struct Settings {
    /// Most connections to the database, of which a half, but at least two, are
    /// kept for batches of writes and health: slow reads cannot hold those up. Of the others
    /// an organization leaves a quarter to the rest, even if it is stuck.
    pub pool_size: usize,
    /// A replica of the database, for reads that need not see the last changes.
    pub replica_url: Option<String>,
    /// Region whose national phone numbers are understood in organizations that
    /// name none.
    pub phone_region: Option<country::Id>,
    /// Organizations served while there is no authentication.
    pub organizations: Vec<OrganizationId>,
    /// How callers are authenticated, if they are.
    pub authentication: Option<auth::Settings>,
    /// Whether the service describes itself. That takes no identity.
    pub reflection: bool,
    /// How many organizations and invitations there may be, and for how long.
    pub limits: Limits,
    /// Limits of connections and calls.
    pub edge: ingress::Settings,
    /// TTL of cached identities: how long what the database says of callers is remembered;
    /// half a minute unless given.
    pub identity_cache_ttl: Option<Duration>,
}

/// All that lives as long as the process.
pub struct App {
    frame: Arc<Frame>,
    contacts: Contacts,
    auth: Option<Arc<Auth>>,
    db: Db,
    batch_db: Db,
    replica: Option<Arc<Replica>>,
    organizations: Vec<OrganizationId>,
    limits: Limits,
    dirty: Arc<DirtyOrganizations>,
    edge: Arc<Edge>,
    reflection: bool,
    /// What people know the database by.
    database: String,
    outage: Reminder,
}

impl App {
    /// With the database at `url`.
    pub fn new(url: &str, settings: Settings) -> Result<Self> {
        let reserved = (settings.pool_size / 2).max(2);
        let unreserved = settings.pool_size.saturating_sub(reserved).max(1);
        let db = Db::new(url, unreserved, LOCK_TIMEOUT)?.named("shared");
        let batch_db = Db::new(url, reserved, BATCH_LOCK_TIMEOUT)?.named("grouped");
        let replica = settings.replica_url.as_deref();
        let replica = replica
            .map(|url| Replica::new(url, unreserved))
            .transpose()?;
        let replica = replica.map(Arc::new);
        let bulkhead = Arc::new(TenantBulkhead::new(unreserved));
        let edge = Arc::new(Edge::new(
            settings.edge,
            methods()?,
            settings.pool_size,
            MAX_BATCH,
        ));
        let dirty: Arc<DirtyOrganizations> = Arc::default();
        let auth = settings.authentication.map(Auth::new).map(Arc::new);
        let contacts = Contacts::new(
            (batch_db.clone(), reserved),
            (db.within_bulkhead(&bulkhead), unreserved),
            Arc::clone(&dirty),
        );
        let frame = Frame::new(FrameParts {
            db: db.clone(),
            bulkhead,
            replica: replica.clone(),
            phone_region: settings.phone_region,
            organizations: settings.organizations.clone(),
            tokens: auth.clone().map(|auth| auth as Arc<_>),
            identity_cache_ttl: settings.identity_cache_ttl.unwrap_or(IDENTITY_CACHE_TTL),
            edge: Arc::clone(&edge),
            record: recorder::write_boxed,
            after_write: {
                let dirty = Arc::clone(&dirty);
                Box::new(move |organization_id| dirty.mark(organization_id))
            },
        });
        Ok(Self {
            frame: Arc::new(frame),
            contacts,
            auth,
            db,
            batch_db,
            replica,
            organizations: settings.organizations,
            limits: settings.limits,
            dirty,
            edge,
            reflection: settings.reflection,
            database: Connector::new(url)?.target(),
            outage: Reminder::default(),
        })
    }

    /// Prepares the database: its schema, and what must be in it. Nothing is
    /// served before.
    pub async fn prepare(&self, url: &str) -> Result<()> {
        validate::load_phone_numbers();
        migrations::run(url).await?;
        if self.auth.is_none() {
            self.ensure_organizations().await?;
        }
        self.frame.set_prepared();
        Ok(())
    }

    async fn ensure_organizations(&self) -> Result<()> {
        let ids = &self.organizations;
        self.db
            .transaction(TheseOrganizations(ids.clone()), async |conn| {
                organizations::store::ensure_all(conn, ids).await
            })
            .await
    }

    /// Whether the database is prepared and answers.
    pub async fn is_ready(&self) -> bool {
        if !self.frame.is_prepared() {
            return false;
        }
        let asked = timeout(PING_TIMEOUT, self.batch_db.ping());
        let answer = asked.await.unwrap_or(Err(Error::DeadlineExceeded));
        match &answer {
            Ok(()) => self.outage.reset(),
            Err(error) if self.outage.is_due() => {
                let database = &self.database;
                tracing::warn!(database, error = error.chain(), "database not answering");
            }
            Err(_) => {}
        }
        answer.is_ok()
    }

    /// The frame around calls.
    pub fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// What takes contacts in, changes and reads them.
    pub fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// How callers are authenticated, if they are.
    pub(crate) fn auth(&self) -> Option<Arc<Auth>> {
        self.auth.clone()
    }

    /// How many organizations and invitations there may be.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// For what runs beside the calls.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The replica, if there is one.
    pub(crate) fn replica(&self) -> Option<&Arc<Replica>> {
        self.replica.as_ref()
    }

    /// What all connections and calls share.
    pub fn edge(&self) -> &Arc<Edge> {
        &self.edge
    }

    /// Tells the metrics how many connections there are.
    pub fn measure_pools(&self) {
        self.db.measure();
        self.batch_db.measure();
        self.replica.iter().for_each(|replica| replica.measure());
    }

    /// What tokens can be verified with, if callers are authenticated.
    pub fn public_keys(&self) -> Option<&[JsonWebKey]> {
        self.auth.as_ref().map(|auth| auth.keys.public())
    }

    /// Waits a moment for what goes on when calls have been answered.
    pub async fn finish(&self) {
        if let Some(auth) = &self.auth {
            auth.finish().await;
        }
    }

    /// Closes the connections to the database, those in use when they are free.
    pub fn close(&self) {
        self.db.close();
        self.batch_db.close();
        self.replica.iter().for_each(|replica| replica.close());
    }

    /// Whether the service describes itself.
    pub fn reflection(&self) -> bool {
        self.reflection
    }

    /// What was denied and is not written yet.
    pub fn denials(&self) -> &Arc<Denials> {
        self.frame.denials()
    }

    /// The organizations with pending count deltas.
    pub(crate) fn dirty_organizations(&self) -> &Arc<DirtyOrganizations> {
        &self.dirty
    }
}

/// The methods of the contract, as those who let calls in know them.
fn methods() -> Result<Methods> {
    let named = TABLE
        .iter()
        .map(|row| (row.path, matches!(row.who, Who::Anyone)));
    Methods::new(proto::DESCRIPTOR, named)
}
