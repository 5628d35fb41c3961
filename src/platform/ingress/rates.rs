//! How often an organization, or whoever has an API key, may call in a second.
//! Counted in each process by itself; whoever has not called for a while is
//! forgotten.

use std::{
    hash::Hash,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use crate::{
    actor::Identity,
    error::{Error, Resource, Result},
    ids::{ApiKeyId, Id, OrganizationId},
};

/// After how many calls those are forgotten that have not called for a while.
const FORGET_AFTER: u32 = 1 << 16;

/// The rates there are.
pub struct Rates {
    organizations: Option<DefaultKeyedRateLimiter<OrganizationId>>,
    api_keys: Option<DefaultKeyedRateLimiter<ApiKeyId>>,
    checks: AtomicU32,
}

fn limiter<I: Id + Hash + Eq>(rate: NonZeroU32) -> DefaultKeyedRateLimiter<I> {
    RateLimiter::keyed(Quota::per_second(rate))
}

impl Rates {
    /// That allow so many calls a second, or any number.
    pub fn new(organization: Option<NonZeroU32>, api_key: Option<NonZeroU32>) -> Self {
        Self {
            organizations: organization.map(limiter),
            api_keys: api_key.map(limiter),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a call. The key comes first: one that calls too often does not use
    /// up what its organization may call.
    pub fn check(&self, organization_id: OrganizationId, identity: Identity) -> Result<()> {
        if let (Some(limiter), Some(id)) = (&self.api_keys, identity.api_key_id()) {
            self.check_one(limiter, Resource::ApiKey, id)?;
        }
        match &self.organizations {
            Some(limiter) if !organization_id.is_nil() => {
                self.check_one(limiter, Resource::Organization, organization_id)
            }
            _ => Ok(()),
        }
    }

    fn check_one<I: Id + Hash + Eq>(
        &self,
        limiter: &DefaultKeyedRateLimiter<I>,
        kind: Resource,
        id: I,
    ) -> Result<()> {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks.is_multiple_of(FORGET_AFTER) {
            limiter.retain_recent();
        }
        limiter
            .check_key(&id)
            .map_err(|refused| Error::RateLimited {
                kind,
                id: id.into(),
                retry_after: refused.wait_time_from(limiter.clock().now()),
            })
    }
}
