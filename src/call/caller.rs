//! Who calls, for which organization, and what they may do: the one place where a
//! request's organization is decided.

use std::{net::IpAddr, sync::Arc};

use tonic::{codegen::http::HeaderMap, metadata::MetadataMap};
use uuid::Uuid;

use super::{context::Context, frame::Frame};
use crate::{
    access::{AccessLevel, Caller, KeyAccess, Method, Role, Trust, Who, store},
    actor::{Actor, Grant, Identity},
    audit::denials::Denial,
    error::{Error, Reason, Resource, Result},
    ids::{OrganizationId, UserId},
    platform::{
        db::{Db, TenantTx},
        ingress::Deadline,
    },
};

impl Context {
    /// The context of a call of `Q`'s method with this metadata. Checks who
    /// calls, then for which organization; [`Context::check_grant`] comes next.
    ///
    /// Without authentication a call may name any organization that is served, in
    /// `x-organization-id`; one that names none belongs to the first.
    pub async fn resolve<Q: Method>(
        frame: &Arc<Frame>,
        metadata: &MetadataMap,
        peer: Option<IpAddr>,
        Deadline(deadline): Deadline,
    ) -> Result<Self> {
        frame.check_prepared()?;
        let mut context = Self {
            frame: Arc::clone(frame),
            actor: Actor {
                identity: Identity::Nobody,
                organization_id: OrganizationId::default(),
                grant: Grant::All,
                method: Q::NAME,
                deadline,
            },
            token_time: None,
            access_level: None,
            who: Q::WHO,
            trust: Q::TRUST,
            peer,
            db: frame.db.within_bulkhead(&frame.bulkhead).until(deadline),
            phone_region: frame.phone_region,
        };
        let Some(tokens) = &frame.tokens else {
            context.actor.identity = Identity::Development;
            if let Who::Permitted(_) = Q::WHO {
                context.enter_as_developer(metadata)?;
                context.load_organization_settings().await?;
            }
            return Ok(context);
        };
        if let Who::Anyone = Q::WHO {
            return Ok(context);
        }
        let token = bearer(metadata.as_ref()).ok_or(Error::Unauthenticated)?;
        let caller = frame
            .identities
            .caller(&context.callers_db(), &**tokens, token)
            .await?;
        context.actor.identity = caller.identity();
        context.token_time = caller.issue_time();
        if let Who::Permitted(permissions) = Q::WHO {
            context.enter(caller, metadata).await?;
            context.actor.grant = context
                .access_level
                .map_or(Grant::No, |access_level| permissions.grant(access_level));
            context.load_organization_settings().await?;
        }
        Ok(context)
    }

    /// The database, for what is asked of callers: an organization that is stuck must
    /// not lock its own out.
    fn callers_db(&self) -> Db {
        self.frame.db.until(self.deadline)
    }

    fn enter_as_developer(&mut self, metadata: &MetadataMap) -> Result<()> {
        let served = self.frame.organizations.as_slice();
        let organization_id = match named_organization(metadata.as_ref())? {
            None => served.first().copied(),
            Some(named) => Some(named).filter(|named| served.contains(named)),
        };
        self.actor.organization_id = organization_id.ok_or(Error::OrganizationDenied)?;
        self.access_level = Some(AccessLevel::Member(Role::Owner));
        Ok(())
    }

    /// Decides the organization of the call, and the caller's access level in it.
    async fn enter(&mut self, caller: Caller, metadata: &MetadataMap) -> Result<()> {
        let named = named_organization(metadata.as_ref())?;
        let (identities, db) = (&self.frame.identities, &self.callers_db());
        (self.actor.organization_id, self.access_level) = match caller {
            Caller::Key {
                organization_id,
                id,
                access,
                ..
            } => {
                if named.is_some_and(|named| named != organization_id) {
                    return Err(Error::OrganizationDenied);
                }
                if self.trust != Trust::Remembered {
                    identities.check_key(db, organization_id, id).await?;
                }
                (organization_id, Some(AccessLevel::Key(access)))
            }
            Caller::User { id, issue_time, .. } => {
                let remembered = if self.trust == Trust::Remembered {
                    identities.memberships(db, id).await?
                } else {
                    identities.check_user_now(db, id, issue_time).await?;
                    identities.memberships_now(db, id).await?
                };
                let remembered = match named {
                    // They may have chosen another one by another process.
                    None if self.trust == Trust::Remembered && remembered.len() > 1 => {
                        identities.memberships_now(db, id).await?
                    }
                    _ => remembered,
                };
                let found = match membership(&remembered, named) {
                    // They may have joined it by another process.
                    None => membership(&identities.memberships_now(db, id).await?, named),
                    found => found,
                };
                let (organization_id, role) = found.ok_or(match named {
                    Some(_) => Error::OrganizationDenied,
                    None => Error::Denied(Reason::OrganizationRequired),
                })?;
                (organization_id, Some(AccessLevel::Member(role)))
            }
        };
        Ok(())
    }

    /// Learns how things are done in the organization.
    async fn load_organization_settings(&mut self) -> Result<()> {
        let region = self
            .frame
            .identities
            .phone_region(&self.callers_db(), self.organization_id)
            .await?;
        self.phone_region = region.or(self.phone_region);
        Ok(())
    }

    /// Counts the call against what the organization and the key may call a second.
    pub fn check_rate(&self) -> Result<()> {
        self.frame.edge.count(self.organization_id, self.identity)
    }

    /// Refuses callers who may not call the method at all.
    pub fn check_grant(&self, who: Who) -> Result<()> {
        match (who, self.identity) {
            (Who::User, Identity::Development) => Err(Error::AuthenticationOff),
            (Who::User, Identity::ApiKey(_)) => Err(Error::Denied(Reason::UserRequired)),
            _ if self.grant == Grant::No => Err(Error::Denied(Reason::RoleDenied)),
            _ => Ok(()),
        }
    }

    /// Whether the caller may what owners and admins may.
    pub fn is_admin(&self) -> bool {
        matches!(
            self.access_level,
            Some(
                AccessLevel::Member(Role::Owner | Role::Admin) | AccessLevel::Key(KeyAccess::Admin)
            )
        )
    }

    /// Refuses users who are no members of the organization; who is one stays one until
    /// the end of the transaction, which writes. Without authentication there are no users to look for.
    pub async fn check_member(&self, tx: &TenantTx, user_id: Option<UserId>) -> Result<()> {
        let Some(id) = user_id.filter(|_| self.identity != Identity::Development) else {
            return Ok(());
        };
        if store::lock_member(tx, id).await? {
            Ok(())
        } else {
            Err(Error::not_found(Resource::Member, id))
        }
    }

    /// Counts that this was denied.
    pub fn count_denied(&self, reason: &'static str) {
        if self.access_level.is_some() {
            let denial = Denial::now(self.organization_id, self.identity, self.method, reason);
            self.frame.denials.add(denial);
        }
    }
}

/// The membership in the organization that is named, or else in the user's default one.
pub(super) fn membership(
    memberships: &[(OrganizationId, Role)],
    named: Option<OrganizationId>,
) -> Option<(OrganizationId, Role)> {
    let wanted = |&&(id, _): &&(OrganizationId, Role)| named.is_none_or(|named| named == id);
    memberships.iter().find(wanted).copied()
}

/// The token a call carries.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The organization a call names.
pub(super) fn named_organization(headers: &HeaderMap) -> Result<Option<OrganizationId>> {
    let Some(named) = headers.get("x-organization-id") else {
        return Ok(None);
    };
    let named = Uuid::try_parse_ascii(named.as_bytes());
    let named = named.map_err(|_| Error::OrganizationDenied)?;
    Ok(Some(OrganizationId::from_uuid(named)))
}
