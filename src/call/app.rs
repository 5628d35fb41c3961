//! What the whole server shares.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use phonenumber::country;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    access::{
        identities::{BELIEVED, Identities},
        revocations,
    },
    audit::denials::Denials,
    auth::{self, Auth},
    contacts::{Wanted, Write},
    dispatch::store::KnownPools,
    error::{Error, Result},
    organizations::{self, Limits},
    platform::{
        batch::Queues,
        db::{Connector, Db, Replica, Scope, Shares},
        grpc::validate,
        ingress::{self, Edge},
        migrations,
        telemetry::Reminder,
    },
    proto::JsonWebKey,
    statistics::Unfolded,
};

/// The organization of a server without authentication that names no others.
pub const DEVELOPMENT_ORGANIZATION: Uuid =
    Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

/// How long a call waits for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// The same in a group, where others wait behind.
const GROUPED_LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the database may take to say that it is there.
const PING_TIMEOUT: Duration = Duration::from_millis(1500);

/// What a server is made with.
#[derive(Default)]
pub struct Settings {
    /// Most connections to the database, of which a half, but at least two, are
    /// kept for grouped writes and health: slow reads cannot hold those up. Of the others
    /// an organization leaves a quarter to the rest, even if it is stuck.
    pub pool_size: usize,
    /// A replica of the database, for reads that need not see the last changes.
    pub replica_url: Option<String>,
    /// Region whose national phone numbers are understood in organizations that
    /// name none.
    pub phone_region: Option<country::Id>,
    /// Organizations served while there is no authentication.
    pub organizations: Vec<Uuid>,
    /// How callers are authenticated, if they are.
    pub authentication: Option<auth::Settings>,
    /// Whether the service describes itself. That takes no identity.
    pub reflection: bool,
    /// How many organizations and invitations there may be, and for how long.
    pub limits: Limits,
    /// What is too much, and how long calls may take.
    pub edge: ingress::Settings,
    /// How long what the database says of callers is believed; half a minute unless
    /// given.
    pub believed: Option<Duration>,
}

/// What the whole server shares.
pub struct App {
    pub(super) db: Db,
    pub(super) shares: Arc<Shares>,
    pub(super) grouped_db: Db,
    pub(super) replica: Option<Replica>,
    pub(super) phone_region: Option<country::Id>,
    pub(super) writes: Queues<Write>,
    pub(super) wanted: Queues<Wanted>,
    pub(super) known_pools: KnownPools,
    pub(super) organizations: Vec<Uuid>,
    pub(super) auth: Option<Auth>,
    pub(super) reflection: bool,
    pub(super) limits: Limits,
    pub(super) identities: Identities,
    pub(super) denials: Arc<Denials>,
    pub(super) unfolded: Unfolded,
    pub(super) edge: Arc<Edge>,
    pub(super) prepared: OnceLock<()>,
    /// What people know the database by.
    place: String,
    outage: Reminder,
}

impl App {
    /// With the database at `url`.
    pub fn new(url: &str, settings: Settings) -> Result<Self> {
        let reserved = (settings.pool_size / 2).max(2);
        let shared = settings.pool_size.saturating_sub(reserved).max(1);
        let replica = settings.replica_url.as_deref();
        let replica = replica.map(|url| Replica::new(url, shared)).transpose()?;
        Ok(Self {
            db: Db::new(url, shared, LOCK_TIMEOUT)?.named("shared"),
            shares: Arc::new(Shares::new(shared)),
            grouped_db: Db::new(url, reserved, GROUPED_LOCK_TIMEOUT)?.named("grouped"),
            replica,
            phone_region: settings.phone_region,
            writes: Queues::new(reserved),
            wanted: Queues::new(shared),
            known_pools: KnownPools::default(),
            organizations: settings.organizations,
            auth: settings.authentication.map(Auth::new),
            reflection: settings.reflection,
            limits: settings.limits,
            identities: Identities::new(settings.believed.unwrap_or(BELIEVED)),
            denials: Arc::default(),
            unfolded: Unfolded::default(),
            edge: Arc::new(Edge::new(settings.edge, settings.pool_size)),
            prepared: OnceLock::new(),
            place: Connector::new(url)?.place(),
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
        self.prepared.get_or_init(|| ());
        Ok(())
    }

    /// Refuses calls as long as the database is not prepared.
    pub(super) fn check_prepared(&self) -> Result<()> {
        match self.prepared.get() {
            Some(()) => Ok(()),
            None => Err(Error::unavailable("the database is not prepared yet")),
        }
    }

    /// Whether the database is prepared and answers.
    pub async fn is_ready(&self) -> bool {
        if self.prepared.get().is_none() {
            return false;
        }
        let asked = timeout(PING_TIMEOUT, self.grouped_db.ping());
        let answer = asked.await.unwrap_or(Err(Error::DeadlineExceeded));
        match &answer {
            Ok(()) => self.outage.reset(),
            Err(error) if self.outage.is_due() => {
                let database = &self.place;
                tracing::warn!(
                    database,
                    error = error.chain(),
                    "the database does not answer"
                );
            }
            Err(_) => {}
        }
        answer.is_ok()
    }

    /// For what runs beside the calls.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Forgets whose power is taken in other processes, and removes what is left of
    /// organizations that were closed.
    pub async fn keep_organizations(&self) {
        join!(
            self.keep_revoked(),
            organizations::keep_removed(&self.db, self.limits.retention),
        );
    }

    /// Forgets whose power is taken in other processes, if callers are authenticated.
    pub async fn keep_revoked(&self) {
        if self.auth.is_some() {
            revocations::keep_up(&self.identities, &self.db).await;
        }
    }

    /// Keeps an eye on the replica, if there is one.
    pub async fn keep_replica(&self) {
        if let Some(replica) = &self.replica {
            replica.keep_compared(&self.db).await;
        }
    }

    /// What all connections and calls share.
    pub fn edge(&self) -> &Arc<Edge> {
        &self.edge
    }

    /// Tells the metrics how many connections there are.
    pub fn measure_pools(&self) {
        self.db.measure();
        self.grouped_db.measure();
        self.replica.iter().for_each(Replica::measure);
    }

    /// What tokens can be verified with, if callers are authenticated.
    pub fn public_keys(&self) -> Option<Vec<JsonWebKey>> {
        self.auth.as_ref().map(|auth| auth.keys.public().keys)
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
        self.grouped_db.close();
        self.replica.iter().for_each(Replica::close);
    }

    /// Whether the service describes itself.
    pub fn reflection(&self) -> bool {
        self.reflection
    }

    /// What was denied and is not written yet.
    pub fn denials(&self) -> &Arc<Denials> {
        &self.denials
    }

    /// Where counts have changed and are not folded yet.
    pub fn unfolded(&self) -> &Unfolded {
        &self.unfolded
    }

    async fn ensure_organizations(&self) -> Result<()> {
        let organizations = &self.organizations;
        self.db
            .transaction(Scope::Organizations(organizations.clone()), async |conn| {
                diesel::sql_query(
                    "INSERT INTO organizations (id, name) SELECT unnest($1), $2
                         ON CONFLICT DO NOTHING",
                )
                .bind::<Array<SqlUuid>, _>(organizations)
                .bind::<Text, _>("Development")
                .execute(&mut &**conn)
                .await?;
                Ok(())
            })
            .await
    }
}
