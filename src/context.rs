//! Who calls, for which organization, and what a method needs to serve it. The
//! one place where a request's organization is decided.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::join;
use phonenumber::country;
use prost::Message;
use tokio::time::Instant;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use uuid::Uuid;

use crate::{
    access::{
        self, Grant, Identity, Method, Place, Role, Who,
        identities::{BELIEVED, Caller, Identities},
    },
    audit::{
        self, Event,
        denials::{Denial, Denials},
    },
    auth::{self, Auth},
    contacts::{Change, NewContact, Wanted},
    db::{Conn, Db, Scope, Transaction, Work},
    distribution::store::KnownPools,
    error::{Error, NOT_OWN, ORGANIZATION_REQUIRED, ROLE_DENIED, Result, USER_REQUIRED},
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

/// What a server is made with.
#[derive(Default)]
pub struct Settings {
    /// Most connections to the database, of which a half, but at least two, are
    /// kept for grouped writes and health: slow reads cannot hold those up.
    pub pool_size: usize,
    /// Region whose national phone numbers are understood in organizations that
    /// name none.
    pub phone_region: Option<country::Id>,
    /// Organizations served while there is no authentication.
    pub organizations: Vec<Uuid>,
    /// How callers are authenticated, if they are.
    pub authentication: Option<auth::Settings>,
    /// Whether the service describes itself. That takes no identity.
    pub reflection: bool,
    /// How long what the database says of callers is believed; half a minute unless
    /// given.
    pub believed: Option<Duration>,
}

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
    auth: Option<Auth>,
    reflection: bool,
    identities: Identities,
    denials: Arc<Denials>,
    prepared: OnceLock<()>,
}

impl App {
    /// With the database at `url`.
    pub fn new(url: &str, settings: Settings) -> Result<Self> {
        let reserved = (settings.pool_size / 2).max(2);
        let shared = settings.pool_size.saturating_sub(reserved).max(1);
        Ok(Self {
            db: Db::new(url, shared, LOCK_TIMEOUT)?,
            grouped_db: Db::new(url, reserved, GROUPED_LOCK_TIMEOUT)?,
            phone_region: settings.phone_region,
            intake: Queues::default(),
            changes: Queues::default(),
            wanted: Queues::default(),
            known_pools: KnownPools::default(),
            organizations: settings.organizations,
            auth: settings.authentication.map(Auth::new),
            reflection: settings.reflection,
            identities: Identities::new(settings.believed.unwrap_or(BELIEVED)),
            denials: Arc::default(),
            prepared: OnceLock::new(),
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

    /// Whether the database is prepared and answers.
    pub async fn is_ready(&self) -> bool {
        self.prepared.get().is_some() && self.grouped_db.ping().await.is_ok()
    }

    /// For what runs beside the calls.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Whether the service describes itself.
    pub fn reflection(&self) -> bool {
        self.reflection
    }

    /// What was denied and is not written yet.
    pub fn denials(&self) -> &Arc<Denials> {
        &self.denials
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
    /// The organization that everything the call touches belongs to. All zeros
    /// for methods that are about none.
    pub organization_id: Uuid,
    /// Who calls.
    pub identity: Identity,
    /// The caller's place in the organization, if the method is about one.
    pub place: Option<Place>,
    /// How much of the method the caller is granted.
    pub grant: Grant,
    /// The method that is called.
    pub method: &'static str,
    /// Where the call comes from.
    pub peer: Option<IpAddr>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    phone_region: Option<country::Id>,
}

impl Context {
    /// The context of a call of `Q`'s method with this metadata. Checks who
    /// calls, then for which organization; [`Context::check_grant`] comes next.
    ///
    /// Without authentication a call may name any organization that is served, in
    /// `x-organization-id`; one that names none belongs to the first.
    pub async fn resolve<Q: Method>(
        app: &Arc<App>,
        metadata: &MetadataMap,
        peer: Option<IpAddr>,
    ) -> Result<Self> {
        if app.prepared.get().is_none() {
            return Err(Error::unavailable("the database is not prepared yet"));
        }
        let mut context = Self {
            app: Arc::clone(app),
            organization_id: Uuid::nil(),
            identity: Identity::Nobody,
            place: None,
            grant: Grant::All,
            method: Q::NAME,
            peer,
            deadline: metadata.get("grpc-timeout").and_then(deadline),
            phone_region: app.phone_region,
        };
        let Some(auth) = &app.auth else {
            context.identity = Identity::Development;
            if let Who::Places(_) = Q::WHO {
                context.enter_as_developer(metadata)?;
                context.settle().await?;
            }
            return Ok(context);
        };
        if let Who::Anyone = Q::WHO {
            return Ok(context);
        }
        let token = bearer(metadata).ok_or(Error::Unauthenticated)?;
        let caller = app.identities.caller(&app.db, &auth.keys, token).await?;
        context.identity = caller.identity();
        if let Who::Places(places) = Q::WHO {
            context.enter(caller, metadata).await?;
            context.grant = context.place.map_or(Grant::No, |place| places.grant(place));
            context.settle().await?;
        }
        Ok(context)
    }

    fn enter_as_developer(&mut self, metadata: &MetadataMap) -> Result<()> {
        let served = self.app.organizations.as_slice();
        let organization_id = match named_organization(metadata)? {
            None => served.first().copied(),
            Some(named) => Some(named).filter(|named| served.contains(named)),
        };
        self.organization_id = organization_id.ok_or(Error::OrganizationDenied)?;
        self.place = Some(Place::Member(Role::Owner));
        Ok(())
    }

    /// Decides the organization of the call, and the caller's place in it.
    async fn enter(&mut self, caller: Caller, metadata: &MetadataMap) -> Result<()> {
        let named = named_organization(metadata)?;
        (self.organization_id, self.place) = match caller {
            Caller::Key {
                organization_id,
                access,
                ..
            } => {
                if named.is_some_and(|named| named != organization_id) {
                    return Err(Error::OrganizationDenied);
                }
                (organization_id, Some(Place::Key(access)))
            }
            Caller::User { id, .. } => {
                let memberships = self.app.identities.memberships(&self.app.db, id).await?;
                let (organization_id, role) = match (named, memberships.as_slice()) {
                    (None, &[only]) => only,
                    (None, _) => return Err(Error::Denied(ORGANIZATION_REQUIRED)),
                    (Some(named), memberships) => memberships
                        .iter()
                        .find(|membership| membership.0 == named)
                        .copied()
                        .ok_or(Error::OrganizationDenied)?,
                };
                (organization_id, Some(Place::Member(role)))
            }
        };
        Ok(())
    }

    /// Learns how things are done in the organization.
    async fn settle(&mut self) -> Result<()> {
        let region = self
            .app
            .identities
            .phone_region(&self.app.db, self.organization_id)
            .await?;
        self.phone_region = region.or(self.phone_region);
        Ok(())
    }

    /// Refuses callers who may not call the method at all.
    pub fn check_grant(&self, who: Who) -> Result<()> {
        match (who, self.identity) {
            (Who::User, Identity::Development) => Err(Error::AuthenticationOff),
            (Who::User, Identity::ApiKey(_)) => Err(Error::Denied(USER_REQUIRED)),
            _ if self.grant == Grant::No => Err(Error::Denied(ROLE_DENIED)),
            _ => Ok(()),
        }
    }

    /// Refuses callers who are granted their own only, if this is not: it belongs
    /// to this user.
    pub fn check_own(&self, user_id: Option<Uuid>) -> Result<()> {
        match self.grant {
            Grant::All => Ok(()),
            Grant::Own if user_id.is_some() && user_id == self.identity.user_id() => Ok(()),
            Grant::Own | Grant::No => Err(Error::Denied(NOT_OWN)),
        }
    }

    /// The user whose things alone the call may change, if it may not change all.
    pub fn only_for(&self) -> Option<Uuid> {
        match self.grant {
            Grant::All => None,
            Grant::Own | Grant::No => Some(self.identity.user_id().unwrap_or_default()),
        }
    }

    /// Refuses users who are no members of the organization. Without
    /// authentication there are no users to look for.
    pub async fn check_member(&self, conn: &Conn, user_id: Option<Uuid>) -> Result<()> {
        match (self.identity, user_id) {
            (Identity::Development, _) | (_, None) => Ok(()),
            (_, Some(id)) if access::is_member(conn, self.organization_id, id).await? => Ok(()),
            (_, Some(id)) => Err(Error::not_found("member", id)),
        }
    }

    /// Counts that this was denied.
    pub fn count_denied(&self, reason: &'static str) {
        if self.place.is_some() {
            let denial = Denial::now(self.organization_id, self.identity, self.method, reason);
            self.app.denials.add(denial);
        }
    }

    /// The calling user.
    pub fn user_id(&self) -> Result<Uuid> {
        self.identity.user_id().ok_or(Error::AuthenticationOff)
    }

    /// How callers are authenticated.
    pub fn auth(&self) -> Result<&Auth> {
        self.app.auth.as_ref().ok_or(Error::AuthenticationOff)
    }

    /// Whom the server knows.
    pub fn identities(&self) -> &Identities {
        &self.app.identities
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
        self.phone_region
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

    /// The same call, for what it does in this organization.
    #[must_use]
    pub fn within(self, organization_id: Uuid) -> Self {
        Self {
            organization_id,
            ..self
        }
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

    /// Runs a write in a transaction, exactly once if it has a claim, and says in
    /// the audit that it was done to the thing with this id.
    pub async fn write<T, F>(&self, claim: Option<Claim>, resource_id: Uuid, work: F) -> Result<T>
    where
        T: Message + Default,
        for<'c> F: AsyncFnOnce(&'c Transaction) -> Result<T>
            + Work<&'c Transaction, Result<T>, Future: Send>
            + Clone
            + Send
            + Sync,
    {
        let (claim, work) = (&claim, &work);
        let events = &[Event::now(self.identity, self.method, resource_id)];
        self.db()
            .transaction(self.scope(), async |conn| {
                let Some(claim) = claim else {
                    let answer = work.clone()(conn).await?;
                    conn.commit_with(audit::store::insert(conn, self.organization_id, events))
                        .await?;
                    return Ok(answer);
                };
                let claimed = request_id::claim(conn, self.organization_id, &[claim]).await?;
                match claimed.into_iter().next() {
                    Some(Claimed::Replay(answer)) => decode(&answer),
                    Some(Claimed::Reused) => Err(Error::RequestIdReused),
                    Some(Claimed::Fresh) | None => {
                        let answer = work.clone()(conn).await?;
                        let encoded = answer.encode_to_vec();
                        let save = async {
                            let (saved, audited) = join!(
                                request_id::save(conn, self.organization_id, claim, &encoded),
                                audit::store::insert(conn, self.organization_id, events),
                            );
                            saved?;
                            audited
                        };
                        conn.commit_with(save).await?;
                        Ok(answer)
                    }
                }
            })
            .await
    }
}

/// The token a call carries.
fn bearer(metadata: &MetadataMap) -> Option<&str> {
    let value = metadata.get("authorization")?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The organization a call names.
fn named_organization(metadata: &MetadataMap) -> Result<Option<Uuid>> {
    let Some(named) = metadata.get("x-organization-id") else {
        return Ok(None);
    };
    let named = Uuid::try_parse_ascii(named.as_bytes());
    named.map(Some).map_err(|_| Error::OrganizationDenied)
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
