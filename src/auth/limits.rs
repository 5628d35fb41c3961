//! How often somebody may try: per account, so that a password is not guessed,
//! and per peer, so that many are not. Counted in each process by itself.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use crate::{
    access::credential::{Hash, hash},
    error::{Error, Result},
};

/// How many more refreshes than other attempts a peer may make.
const REFRESHES: NonZeroU32 = NonZeroU32::new(3).unwrap();
/// After how many attempts those are forgotten that count no more.
const FORGET_AFTER: u32 = 1024;

/// How many attempts are allowed in a minute.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    /// For one account.
    pub per_account: NonZeroU32,
    /// From one peer; of refreshes, three times as many.
    pub per_peer: NonZeroU32,
}

/// The attempts of the last minute.
pub struct Limits {
    accounts: DefaultKeyedRateLimiter<Hash>,
    peers: DefaultKeyedRateLimiter<IpAddr>,
    refreshes: DefaultKeyedRateLimiter<IpAddr>,
    checks: AtomicU32,
}

impl Limits {
    /// That allow so many.
    pub fn new(attempts: Attempts) -> Self {
        let refreshes = attempts.per_peer.saturating_mul(REFRESHES);
        Self {
            accounts: RateLimiter::keyed(Quota::per_minute(attempts.per_account)),
            peers: RateLimiter::keyed(Quota::per_minute(attempts.per_peer)),
            refreshes: RateLimiter::keyed(Quota::per_minute(refreshes)),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts an attempt for an account, named by its e-mail address or id. The
    /// peer's limit comes first: it also limits how many accounts are remembered.
    pub fn attempt(&self, peer: Option<IpAddr>, account: &[u8]) -> Result<()> {
        self.forget();
        if let Some(peer) = peer {
            check(&self.peers, &network(peer))?;
        }
        check(&self.accounts, &hash(account))
    }

    /// Counts a refresh.
    pub fn refresh(&self, peer: Option<IpAddr>) -> Result<()> {
        self.forget();
        peer.map_or(Ok(()), |peer| check(&self.refreshes, &network(peer)))
    }

    fn forget(&self) {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks.is_multiple_of(FORGET_AFTER) {
            self.accounts.retain_recent();
            self.peers.retain_recent();
            self.refreshes.retain_recent();
        }
    }
}

fn check<K>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<()>
where
    K: std::hash::Hash + Eq + Clone,
{
    limiter
        .check_key(key)
        .map_err(|refused| Error::TooManyAttempts {
            retry_after: refused.wait_time_from(limiter.clock().now()),
        })
}

/// Whoever has one address of a network of IPv6 has all of it.
pub fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => IpAddr::from((u128::from(address) & (!0 << 64)).to_be_bytes()),
    }
}
