//! From what a call carries to who calls. What the database says is remembered
//! for half a minute; what this process changes itself is forgotten at once, and what
//! others take away as soon as [`revocations`](super::revocations) tells.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use moka::sync::Cache;
use phonenumber::country;
use tokio::sync::{Mutex, MutexGuard};

use super::{
    Caller, Role, TokenVerifier, check_issued,
    credential::{Credential, Hash, KEY_PREFIX, hash},
    store,
};
use crate::{
    error::{Error, Result},
    ids::{ApiKeyId, OrganizationId, UserId},
    platform::db::{Db, NoTenant},
};

/// TTL of cached identities, unless told otherwise: how long what the database says of
/// callers is remembered.
pub const IDENTITY_CACHE_TTL: Duration = Duration::from_secs(30);
/// How many callers are remembered of each kind.
const REMEMBERED: u64 = 100_000;
/// How many users and keys are looked for at a time.
const TURNS: usize = 16;
/// Longer tokens are not looked at.
const MAX_TOKEN: usize = 2048;

/// A user's roles, by organization.
pub type Memberships = Arc<Vec<(OrganizationId, Role)>>;

/// Who is known.
pub struct Identities {
    callers: Cache<Hash, Caller>,
    /// From when on the tokens of users are valid.
    users: Cache<UserId, Option<DateTime<Utc>>>,
    /// Held by who looks for a user or a key: of many calls at once, one asks the database.
    turns: [Mutex<()>; TURNS],
    memberships: Cache<UserId, Memberships>,
    regions: Cache<OrganizationId, Option<country::Id>>,
    /// Counts what was forgotten: what was read before is not remembered after.
    forgotten: AtomicU64,
}

fn cache<K, V>(ttl: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(REMEMBERED)
        .time_to_live(ttl)
        .build()
}

impl Identities {
    /// Nobody is known yet; what the database says will be remembered for so long.
    pub fn new(ttl: Duration) -> Self {
        Self {
            callers: cache(ttl),
            users: cache(ttl),
            turns: std::array::from_fn(|_| Mutex::default()),
            memberships: cache(ttl),
            regions: cache(ttl),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Who this token stands for. UNAUTHENTICATED, always in the same words, if
    /// it stands for nobody.
    pub async fn caller(&self, db: &Db, tokens: &dyn TokenVerifier, token: &str) -> Result<Caller> {
        if token.len() > MAX_TOKEN {
            return Err(Error::Unauthenticated);
        }
        let known = hash(token.as_bytes());
        let caller = match self.callers.get(&known) {
            Some(caller) => caller,
            None if token.starts_with(KEY_PREFIX) => self.key(db, known, token).await?,
            None => {
                let caller = tokens.verify(token)?;
                self.callers.insert(known, caller);
                caller
            }
        };
        if let Caller::User { id, issue_time, .. } = caller {
            check_issued(issue_time, self.valid_from(db, id).await?)?;
        }
        if caller.is_current() {
            Ok(caller)
        } else {
            Err(Error::Unauthenticated)
        }
    }

    async fn key(&self, db: &Db, known: Hash, token: &str) -> Result<Caller> {
        let _turn = self.turn(known).await;
        if let Some(caller) = self.callers.get(&known) {
            return Ok(caller);
        }
        self.remember(&self.callers, known, load_key(db, token))
            .await
    }

    async fn turn<const N: usize>(&self, key: [u8; N]) -> MutexGuard<'_, ()> {
        let last = key.last().copied().unwrap_or_default();
        self.turns[usize::from(last) % TURNS].lock().await
    }

    /// Refuses a user of whose tokens one that was made then is not valid any more.
    pub async fn check_user_now(
        &self,
        db: &Db,
        id: UserId,
        issue_time: DateTime<Utc>,
    ) -> Result<()> {
        check_issued(issue_time, self.load_user(db, id).await?)
    }

    /// From when on the tokens of a user are valid. Refuses one who does not exist,
    /// whoever has signed that they do.
    async fn valid_from(&self, db: &Db, id: UserId) -> Result<Option<DateTime<Utc>>> {
        if let Some(valid_from) = self.users.get(&id) {
            return Ok(valid_from);
        }
        let _turn = self.turn(id.as_uuid().into_bytes()).await;
        match self.users.get(&id) {
            Some(valid_from) => Ok(valid_from),
            None => self.load_user(db, id).await,
        }
    }

    async fn load_user(&self, db: &Db, id: UserId) -> Result<Option<DateTime<Utc>>> {
        let load = db.read(NoTenant, async |conn| {
            store::tokens_valid_from(conn, id).await
        });
        self.remember(&self.users, id, load).await
    }

    /// The user's roles, that in the default organization first.
    pub async fn memberships(&self, db: &Db, user_id: UserId) -> Result<Memberships> {
        match self.memberships.get(&user_id) {
            Some(memberships) => Ok(memberships),
            None => self.memberships_now(db, user_id).await,
        }
    }

    /// The same as the database says now.
    pub async fn memberships_now(&self, db: &Db, user_id: UserId) -> Result<Memberships> {
        let load = async {
            let memberships = db
                .read(user_id, async |conn| {
                    store::memberships(conn, user_id).await
                })
                .await?;
            Ok(Arc::new(memberships))
        };
        self.remember(&self.memberships, user_id, load).await
    }

    /// Refuses a key that is not valid any more.
    pub async fn check_key(
        &self,
        db: &Db,
        organization_id: OrganizationId,
        id: ApiKeyId,
    ) -> Result<()> {
        let access = db
            .read(organization_id, async |tx| store::key_access(tx, id).await)
            .await?;
        if access.is_some() {
            return Ok(());
        }
        self.forget_places(&HashSet::from([organization_id]));
        Err(Error::Unauthenticated)
    }

    /// The region of the organization's national phone numbers, if it has one.
    pub async fn phone_region(
        &self,
        db: &Db,
        organization_id: OrganizationId,
    ) -> Result<Option<country::Id>> {
        if let Some(region) = self.regions.get(&organization_id) {
            return Ok(region);
        }
        let load = async {
            let region = db
                .read(organization_id, async |tx| store::phone_region(tx).await)
                .await?;
            Ok(region.and_then(|region| region.parse().ok()))
        };
        self.remember(&self.regions, organization_id, load).await
    }

    /// Forgets what is known of a user and their roles, once a change of it is committed.
    pub fn forget_user(&self, user_id: UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.users.invalidate(&user_id);
        self.memberships.invalidate(&user_id);
    }

    /// Forgets the keys of services, once a change of one is committed.
    pub fn forget_keys(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.callers.invalidate_all();
    }

    /// Forgets what is known of an organization, once a change is committed.
    pub fn forget_organization(&self, organization_id: OrganizationId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.regions.invalidate(&organization_id);
    }

    /// Forgets who has access to these organizations, and what is known of them.
    pub fn forget_places(&self, organizations: &HashSet<OrganizationId>) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        for id in organizations {
            self.regions.invalidate(id);
        }
        for (token, caller) in &self.callers {
            if let Caller::Key {
                organization_id, ..
            } = caller
                && organizations.contains(&organization_id)
            {
                self.callers.invalidate(&*token);
            }
        }
        for (user_id, memberships) in &self.memberships {
            if memberships.iter().any(|(id, _)| organizations.contains(id)) {
                self.memberships.invalidate(&*user_id);
            }
        }
    }

    async fn remember<K, V>(
        &self,
        cache: &Cache<K, V>,
        key: K,
        load: impl Future<Output = Result<V>>,
    ) -> Result<V>
    where
        K: std::hash::Hash + Eq + Clone + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
    {
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let value = load.await?;
        if self.forgotten.load(Ordering::SeqCst) == forgotten {
            cache.insert(key.clone(), value.clone());
            // It may have been forgotten just before it was remembered.
            if self.forgotten.load(Ordering::SeqCst) != forgotten {
                cache.invalidate(&key);
            }
        }
        Ok(value)
    }
}

async fn load_key(db: &Db, text: &str) -> Result<Caller> {
    let credential = Credential::parse(KEY_PREFIX, text).ok_or(Error::Unauthenticated)?;
    let Credential {
        organization_id,
        id,
        ..
    } = credential;
    let secret_hash = &credential.hash();
    db.transaction(organization_id, async |tx| {
        let found = store::key(tx, id).await?;
        let key = found
            .filter(|key| key.secret_hash == secret_hash && key.revoke_time.is_none())
            .ok_or(Error::Unauthenticated)?;
        store::touch_key(tx, id).await?;
        Ok(Caller::Key {
            organization_id,
            id,
            access: key.access,
            expire_time: key.expire_time,
        })
    })
    .await
}
