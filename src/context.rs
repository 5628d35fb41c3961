//! Who calls, for which organization, and what a method needs to serve it. The
//! one place where a request's organization is decided.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use phonenumber::country;
use prost::Message;
use tokio::time::Instant;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use uuid::Uuid;

use crate::{
    contacts::{Change, NewContact, Wanted},
    db::{Db, Scope, Transaction, Work},
    distribution::store::KnownPools,
    error::{Error, Result},
    grouped::Queues,
    migrations,
    request_id::{self, Claim, Claimed},
    validate,
};

/// The organization of a server without authentication that names no others.
pub const DEVELOPMENT_ORGANIZATION: Uuid =
    Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);

/// How long a call waits for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// The same in a group, where others wait behind.
const GROUPED_LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// What the whole server shares.
pub struct App {
    db: Db,
    grouped_db: Db,
    phone_region: Option<country::Id>,
    intake: Queues<NewContact>,
    changes: Queues<Change>,
    wanted: Queues<Wanted>,
    known_pools: KnownPools,
    organizations: Vec<Uuid>,
    prepared: OnceLock<()>,
}

impl App {
    /// With `pool_size` connections at most to the database at `url`, of which a
    /// half, but at least two, are kept for grouped writes and health: slow reads
    /// cannot hold those up. Serves these `organizations`.
    pub fn new(
        url: &str,
        pool_size: usize,
        phone_region: Option<country::Id>,
        organizations: Vec<Uuid>,
    ) -> Result<Self> {
        let reserved = (pool_size / 2).max(2);
        Ok(Self {
            db: Db::new(url, pool_size.saturating_sub(reserved).max(1), LOCK_TIMEOUT)?,
            grouped_db: Db::new(url, reserved, GROUPED_LOCK_TIMEOUT)?,
            phone_region,
            intake: Queues::default(),
            changes: Queues::default(),
            wanted: Queues::default(),
            known_pools: KnownPools::default(),
            organizations,
            prepared: OnceLock::new(),
        })
    }

    /// Prepares the database: its schema, and what must be in it. Nothing is
    /// served before.
    pub async fn prepare(&self, url: &str) -> Result<()> {
        validate::load_phone_numbers();
        migrations::run(url).await?;
        self.ensure_organizations().await?;
        self.prepared.get_or_init(|| ());
        Ok(())
    }

    /// Whether the database is prepared and answers.
    pub async fn is_ready(&self) -> bool {
        self.prepared.get().is_some() && self.grouped_db.ping().await.is_ok()
    }

    /// For what runs beside the calls.
    pub fn db(&self) -> &Db {
        &self.db
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

/// What one call is served with.
#[derive(Clone)]
pub struct Context {
    app: Arc<App>,
    /// The organization that everything the call touches belongs to.
    pub organization_id: Uuid,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
}

impl Context {
    /// The context of a call with this metadata. Without authentication a call
    /// may name any organization that is served, in `x-organization-id`; one that
    /// names none belongs to the first.
    pub fn resolve(app: &Arc<App>, metadata: &MetadataMap) -> Result<Self> {
        if app.prepared.get().is_none() {
            return Err(Error::unavailable("the database is not prepared yet"));
        }
        let served = app.organizations.as_slice();
        let organization_id = match metadata.get("x-organization-id") {
            None => served.first().copied(),
            Some(named) => Uuid::try_parse_ascii(named.as_bytes())
                .ok()
                .filter(|named| served.contains(named)),
        };
        Ok(Self {
            app: Arc::clone(app),
            organization_id: organization_id.ok_or(Error::OrganizationDenied)?,
            deadline: metadata.get("grpc-timeout").and_then(deadline),
        })
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.app.db
    }

    /// The database, by connections that are kept for what is done in groups.
    pub fn grouped_db(&self) -> &Db {
        &self.app.grouped_db
    }

    /// Region whose national phone numbers are understood.
    pub fn phone_region(&self) -> Option<country::Id> {
        self.app.phone_region
    }

    /// The contacts that wait to be taken in.
    pub(crate) fn intake(&self) -> &Queues<NewContact> {
        &self.app.intake
    }

    /// The changes that wait to be made.
    pub(crate) fn changes(&self) -> &Queues<Change> {
        &self.app.changes
    }

    /// The contacts that wait to be read.
    pub(crate) fn wanted(&self) -> &Queues<Wanted> {
        &self.app.wanted
    }

    /// The pools that need not be kept again.
    pub(crate) fn known_pools(&self) -> &KnownPools {
        &self.app.known_pools
    }

    /// Whose rows the call can meet.
    pub fn scope(&self) -> Scope {
        Scope::Organization(self.organization_id)
    }

    /// Runs a read, in one transaction.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send,
        for<'c> F: AsyncFnOnce(&'c Transaction) -> Result<T>
            + Work<&'c Transaction, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        self.db().read(self.scope(), work).await
    }

    /// Runs a write in a transaction, exactly once if it has a claim.
    pub async fn write<T, F>(&self, claim: Option<Claim>, work: F) -> Result<T>
    where
        T: Message + Default,
        for<'c> F: AsyncFnOnce(&'c Transaction) -> Result<T>
            + Work<&'c Transaction, Result<T>, Future: Send>
            + Clone
            + Send
            + Sync,
    {
        let (claim, work) = (&claim, &work);
        self.db()
            .transaction(self.scope(), async |conn| {
                let Some(claim) = claim else {
                    return work.clone()(conn).await;
                };
                let claimed = request_id::claim(conn, self.organization_id, &[claim]).await?;
                match claimed.into_iter().next() {
                    Some(Claimed::Replay(answer)) => decode(&answer),
                    Some(Claimed::Reused) => Err(Error::RequestIdReused),
                    Some(Claimed::Fresh) | None => {
                        let answer = work.clone()(conn).await?;
                        let encoded = answer.encode_to_vec();
                        let save = request_id::save(conn, self.organization_id, claim, &encoded);
                        conn.commit_with(save).await?;
                        Ok(answer)
                    }
                }
            })
            .await
    }
}

/// The deadline of a call with this timeout, as gRPC writes it over HTTP/2: at
/// most eight digits and a unit.
fn deadline(timeout: &AsciiMetadataValue) -> Option<Instant> {
    let timeout = timeout.to_str().ok()?;
    let (count, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    let count: u64 = count.parse().ok().filter(|_| count.len() <= 8)?;
    let timeout = match unit {
        "H" => Duration::from_hours(count),
        "M" => Duration::from_mins(count),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

/// Decodes an answer that was kept.
pub fn decode<T: Message + Default>(answer: &[u8]) -> Result<T> {
    T::decode(answer).map_err(Error::internal)
}
