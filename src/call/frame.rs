//! What all calls share.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use phonenumber::country;
use uuid::Uuid;

use crate::{
    access::{TokenVerifier, identities::Identities},
    actor::Author,
    audit::denials::Denials,
    error::{Error, Result},
    ids::OrganizationId,
    platform::{
        db::{Db, Replica, TenantBulkhead, TenantTx},
        ingress::Edge,
    },
};

/// The organization of a server without authentication that names no others.
pub const DEVELOPMENT_ORGANIZATION: OrganizationId =
    OrganizationId::from_uuid(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));

/// What writes what follows from what an author did in a transaction.
pub type Record = for<'c> fn(&'c TenantTx, Author) -> BoxFuture<'c, Result<()>>;

/// What a frame is made of.
pub struct FrameParts {
    /// The database.
    pub db: Db,
    /// What an organization leaves of its connections to the others.
    pub bulkhead: Arc<TenantBulkhead>,
    /// A replica of it, for reads that need not see the last changes.
    pub replica: Option<Arc<Replica>>,
    /// Region whose national phone numbers are understood in organizations that
    /// name none.
    pub phone_region: Option<country::Id>,
    /// Organizations served while there is no authentication.
    pub organizations: Vec<OrganizationId>,
    /// What verifies the tokens of callers, if they are authenticated.
    pub tokens: Option<Arc<dyn TokenVerifier>>,
    /// How long what the database says of callers is remembered.
    pub identity_cache_ttl: Duration,
    /// What all connections share.
    pub edge: Arc<Edge>,
    /// Writes what follows from what happened in a transaction: its last statements.
    pub record: Record,
    /// Is told of the organizations in which a call has written something.
    pub after_write: Box<dyn Fn(OrganizationId) + Send + Sync>,
}

/// What all calls share.
pub struct Frame {
    pub(super) db: Db,
    pub(super) bulkhead: Arc<TenantBulkhead>,
    pub(super) replica: Option<Arc<Replica>>,
    pub(super) phone_region: Option<country::Id>,
    pub(super) organizations: Vec<OrganizationId>,
    pub(super) tokens: Option<Arc<dyn TokenVerifier>>,
    pub(super) identities: Arc<Identities>,
    pub(super) denials: Arc<Denials>,
    pub(super) edge: Arc<Edge>,
    pub(super) record: Record,
    pub(super) after_write: Box<dyn Fn(OrganizationId) + Send + Sync>,
    prepared: OnceLock<()>,
}

impl Frame {
    /// Of these parts. Calls are refused until the database is prepared.
    pub fn new(parts: FrameParts) -> Self {
        Self {
            db: parts.db,
            bulkhead: parts.bulkhead,
            replica: parts.replica,
            phone_region: parts.phone_region,
            organizations: parts.organizations,
            tokens: parts.tokens,
            identities: Arc::new(Identities::new(parts.identity_cache_ttl)),
            denials: Arc::default(),
            edge: parts.edge,
            record: parts.record,
            after_write: parts.after_write,
            prepared: OnceLock::new(),
        }
    }

    /// The database is prepared: calls are served from now on.
    pub fn set_prepared(&self) {
        self.prepared.get_or_init(|| ());
    }

    /// Whether the database is prepared.
    pub fn is_prepared(&self) -> bool {
        self.prepared.get().is_some()
    }

    /// Refuses calls as long as the database is not prepared.
    pub(super) fn check_prepared(&self) -> Result<()> {
        if self.is_prepared() {
            Ok(())
        } else {
            Err(Error::unavailable("the database is not prepared yet"))
        }
    }

    /// What is remembered of callers, if they are authenticated.
    pub fn identities(&self) -> Option<&Arc<Identities>> {
        self.tokens.as_ref().map(|_| &self.identities)
    }

    /// What was denied and is not written yet.
    pub fn denials(&self) -> &Arc<Denials> {
        &self.denials
    }
}
