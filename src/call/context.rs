//! What a method needs to serve a call.

use std::{net::IpAddr, ops::Deref, sync::Arc};

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture, join};
use phonenumber::country;
use prost::Message;
use uuid::Uuid;

use super::frame::Frame;
use crate::{
    access::{AccessLevel, Trust, Who, identities::Identities},
    actor::Actor,
    error::{Error, Result},
    ids::{OrganizationId, UserId},
    platform::{
        db::{AsyncFnOnceSend, Db, TenantTx},
        idempotency::{self, IdempotencyKey, Replay},
        ingress::Owner,
    },
};

/// What one call is served with. It is its [`Actor`], and knows how to read and write for
/// them.
#[derive(Clone)]
pub struct Context {
    pub(super) frame: Arc<Frame>,
    /// Who calls, for which organization, and what of the method they are granted.
    pub actor: Actor,
    /// When the caller's access token was made, if they are a user.
    pub(super) token_time: Option<DateTime<Utc>>,
    /// The caller's access level in the organization, if the method is about one.
    pub access_level: Option<AccessLevel>,
    pub(super) who: Who,
    pub(super) trust: Trust,
    /// Where the call comes from.
    pub peer: Option<IpAddr>,
    pub(super) db: Db,
    pub(super) phone_region: Option<country::Id>,
}

impl Deref for Context {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        &self.actor
    }
}

impl Context {
    /// Whose share the call has of what all calls share, if that is known.
    pub fn owner(&self) -> Option<Owner> {
        let id = Some(self.organization_id).filter(|id| !id.is_nil());
        let id = id
            .map(Uuid::from)
            .or(self.identity.user_id().map(Uuid::from));
        id.map(Owner::Known)
    }

    /// The calling user.
    pub fn user_id(&self) -> Result<UserId> {
        self.identity.user_id().ok_or(Error::AuthenticationOff)
    }

    /// Whom the server knows.
    pub fn identities(&self) -> &Identities {
        &self.frame.identities
    }

    /// The database, until the call ends.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The database, for what goes on when the call has been answered.
    pub(crate) fn lasting_db(&self) -> Db {
        self.frame.db.clone()
    }

    /// Region whose national phone numbers are understood.
    pub fn phone_region(&self) -> Option<country::Id> {
        self.phone_region
    }

    /// The same call, for what it does in this organization.
    #[must_use]
    pub fn with_organization(mut self, organization_id: OrganizationId) -> Self {
        self.actor.organization_id = organization_id;
        self
    }

    /// Runs a read, in one transaction.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send,
        for<'c> F: AsyncFnOnce(&'c TenantTx) -> Result<T>
            + AsyncFnOnceSend<&'c TenantTx, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        self.db().read(self.organization_id, work).await
    }

    /// The same for a read that need not see the last changes: by the replica, if
    /// there is one. What fails there is tried again here.
    pub async fn read_stale<T, F>(&self, work: F) -> Result<T>
    where
        T: Send,
        for<'c> F: AsyncFnOnce(&'c TenantTx) -> Result<T>
            + AsyncFnOnceSend<&'c TenantTx, Result<T>, Future: Send>
            + Clone
            + Send,
    {
        let replica = self.frame.replica.as_ref();
        if let Some(replica) = replica.and_then(|replica| replica.db())
            && let Ok(answer) = replica
                .until(self.deadline)
                .read(self.organization_id, work.clone())
                .await
        {
            return Ok(answer);
        }
        self.read(work).await
    }

    /// Runs a part of a write that is too long for one transaction, if the caller may still
    /// call the method.
    pub async fn transact<T, F>(&self, work: F) -> Result<T>
    where
        T: Send,
        for<'c> F: AsyncFnOnce(&'c TenantTx) -> Result<T>
            + AsyncFnOnceSend<&'c TenantTx, Result<T>, Future: Send>
            + Clone
            + Send
            + Sync,
    {
        let work = &work;
        self.db()
            .transaction(self.organization_id, async |tx| {
                self.confirm(tx).await?;
                let answer = work.clone()(tx).await?;
                tx.commit_with(self.record(tx)).await?;
                Ok(answer)
            })
            .await
    }

    /// Runs a write in a transaction, exactly once if it has an idempotency key, if the
    /// caller may still call the method. What the work [records](TenantTx::record) is written
    /// with it; where it records nothing, nothing has happened.
    pub async fn write<T, F>(&self, key: Option<IdempotencyKey>, work: F) -> Result<T>
    where
        T: Message + Default,
        for<'c> F: AsyncFnOnce(&'c TenantTx) -> Result<T>
            + AsyncFnOnceSend<&'c TenantTx, Result<T>, Future: Send>
            + Clone
            + Send
            + Sync,
    {
        let (key, work) = (&key.map(|key| key.of_caller(self.identity)), &work);
        self.db()
            .transaction(self.organization_id, async |tx| {
                let Some(key) = key else {
                    self.confirm(tx).await?;
                    let answer = work.clone()(tx).await?;
                    tx.commit_with(self.record(tx)).await?;
                    return Ok(answer);
                };
                match idempotency::reserve(tx, key).await? {
                    Replay::Answer(answer) => idempotency::decode(&answer),
                    Replay::Mismatch => Err(Error::RequestIdReused),
                    Replay::None(slot) => {
                        self.confirm(tx).await?;
                        let answer = work.clone()(tx).await?;
                        let encoded = answer.encode_to_vec();
                        debug_assert!(size_of::<T>() == 0 || !encoded.is_empty());
                        let save = async {
                            let (saved, recorded) =
                                join!(idempotency::save(tx, key, slot, &encoded), self.record(tx),);
                            saved?;
                            recorded
                        };
                        tx.commit_with(save).await?;
                        Ok(answer)
                    }
                }
            })
            .inspect(|_| (self.frame.after_write)(self.organization_id))
            .await
    }

    /// Writes what follows from what happened.
    fn record<'c>(&self, tx: &'c TenantTx) -> BoxFuture<'c, Result<()>> {
        (self.frame.record)(tx, self.author())
    }
}
