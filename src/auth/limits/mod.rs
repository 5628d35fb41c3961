//! How often somebody may try. Wrong passwords count, right ones do not: for an
//! account from one network, so that a password is not guessed; from one network,
//! so that many are not; and for an account from everywhere, which lets nobody wait
//! but those who were wrong. So a stranger cannot keep an owner out. Counted in each
//! process by itself.

mod budget;

use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    sync::Mutex,
    time::Duration,
};

use tokio::sync::Notify;

use self::budget::{Budgets, Hold, Refused};
use crate::{
    access::credential::{Hash, hash},
    error::{Error, Result},
    platform::ingress::network,
};

const MINUTE: Duration = Duration::from_mins(1);
/// How many more refreshes than other attempts a peer may make.
const REFRESHES: NonZeroU32 = NonZeroU32::new(3).unwrap();
/// How many mails somebody may be sent in an hour.
const MAILS: NonZeroU32 = NonZeroU32::new(5).unwrap();
/// How long to wait at least and at most after a wrong password for an account
/// whose passwords are being guessed.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), MINUTE];

/// How many attempts are allowed in a minute.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    /// Wrong passwords for one account, from one network.
    pub per_account: NonZeroU32,
    /// Wrong passwords from one network; as many registrations, mails that are asked
    /// for and mailed tokens; of refreshes, three times as many.
    pub per_peer: NonZeroU32,
}

/// The attempts of the last minute.
pub struct Limits {
    accounts: Budgets<Hash>,
    pairs: Budgets<(Hash, IpAddr)>,
    peers: Budgets<IpAddr>,
    registrations: Budgets<IpAddr>,
    refreshes: Budgets<IpAddr>,
    tokens: Budgets<IpAddr>,
    senders: Budgets<IpAddr>,
    receivers: Budgets<Hash>,
    /// Held by who begins: nobody sees what is taken and given back at once.
    beginning: Mutex<()>,
    /// Wakes those who wait for how others' attempts end.
    ended: Notify,
}

impl Limits {
    /// That allow so many.
    pub fn new(attempts: Attempts) -> Self {
        let Attempts {
            per_account,
            per_peer,
        } = attempts;
        Self {
            accounts: Budgets::new(per_account, MINUTE),
            pairs: Budgets::new(per_account, MINUTE),
            peers: Budgets::new(per_peer, MINUTE),
            registrations: Budgets::new(per_peer, MINUTE),
            refreshes: Budgets::new(per_peer.saturating_mul(REFRESHES), MINUTE),
            tokens: Budgets::new(per_peer, MINUTE),
            senders: Budgets::new(per_peer, MINUTE),
            receivers: Budgets::new(MAILS, 60 * MINUTE),
            beginning: Mutex::new(()),
            ended: Notify::new(),
        }
    }

    /// Begins to try a password for the account with this e-mail address. While
    /// others try all that is left, it is waited for whether they are right: of
    /// guesses that come together no more are tried than of those that come one by
    /// one.
    pub async fn attempt(&self, peer: Option<IpAddr>, email: &str) -> Result<Attempt<'_>> {
        let (peer, account) = (origin(peer), hash(email.as_bytes()));
        loop {
            let ended = self.ended.notified();
            match self.begin(peer, account) {
                Ok(attempt) => return Ok(attempt),
                Err(Refused::Spent(retry_after)) => {
                    return Err(Error::TooManyAttempts { retry_after });
                }
                Err(Refused::Held) => ended.await,
            }
        }
    }

    fn begin(&self, peer: IpAddr, account: Hash) -> Result<Attempt<'_>, Refused> {
        let _beginning = self.beginning.lock();
        let pause = self
            .accounts
            .overspent(&account)
            .map_or(Duration::ZERO, pause);
        let by_peer = self.peers.hold(peer, Duration::ZERO)?;
        let by_pair = self.pairs.hold((account, peer), pause)?;
        Ok(Attempt {
            limits: self,
            account,
            peer: by_peer,
            pair: by_pair,
            _end: End(&self.ended),
        })
    }

    /// Counts a registration.
    pub fn registration(&self, peer: Option<IpAddr>) -> Result<()> {
        spend(&self.registrations, origin(peer))
    }

    /// Counts a refresh.
    pub fn refresh(&self, peer: Option<IpAddr>) -> Result<()> {
        spend(&self.refreshes, origin(peer))
    }

    /// Counts a token that was mailed, or is said to be.
    pub fn token(&self, peer: Option<IpAddr>) -> Result<()> {
        spend(&self.tokens, origin(peer))
    }

    /// Counts a mail to this address, whether somebody has it or not.
    pub fn mail(&self, peer: Option<IpAddr>, email: &str) -> Result<()> {
        spend(&self.senders, origin(peer))?;
        spend(&self.receivers, hash(email.as_bytes()))
    }
}

/// A password that is being tried. It does not count unless it ends.
pub struct Attempt<'a> {
    limits: &'a Limits,
    account: Hash,
    peer: Hold,
    pair: Hold,
    /// The last to be dropped: the others are given back then.
    _end: End<'a>,
}

impl Attempt<'_> {
    /// Ends with what came of it.
    pub fn end(self, outcome: Result<()>) -> Result<()> {
        match &outcome {
            Ok(()) => self.pair.clear(),
            Err(Error::CredentialsInvalid) => {
                self.peer.spend();
                self.pair.spend();
                self.limits.accounts.overspend(self.account);
            }
            // It was not tried.
            Err(_) => {}
        }
        outcome
    }
}

struct End<'a>(&'a Notify);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.notify_waiters();
    }
}

/// How long to wait after a wrong password for an account that has had so many more
/// than are allowed: twice as long for each.
fn pause(overspent: f64) -> Duration {
    let [least, most] = PAUSES;
    least.mul_f64(overspent.exp2()).min(most)
}

fn spend<K>(budgets: &Budgets<K>, key: K) -> Result<()>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
{
    budgets
        .spend(key)
        .map_err(|retry_after| Error::TooManyAttempts { retry_after })
}

/// Where attempts come from.
fn origin(peer: Option<IpAddr>) -> IpAddr {
    network(peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([198, 51, 100, last])
    }

    async fn wrong(limits: &Limits, peer: IpAddr) {
        let attempt = limits.attempt(Some(peer), "ann").await;
        let outcome = Err(Error::CredentialsInvalid);
        attempt.unwrap().end(outcome).unwrap_err();
    }

    fn allowing(per_account: u32) -> Limits {
        Limits::new(Attempts {
            per_account: NonZeroU32::new(per_account).unwrap(),
            per_peer: NonZeroU32::new(100).unwrap(),
        })
    }

    #[tokio::test]
    async fn who_was_wrong_waits_longer_the_more_is_guessed() {
        let waits = [0.0, 1.0, 5.0, 6.0].map(|overspent| pause(overspent).as_secs());
        assert_eq!(waits, [1, 2, 32, 60]);
        let limits = allowing(5);
        for last in 1..=12 {
            wrong(&limits, peer(last)).await;
        }
        limits.attempt(Some(peer(12)), "ann").await.err().unwrap();
        // Who was not wrong does not wait, however often they come.
        for _ in 0..100 {
            let attempt = limits.attempt(Some(ONE), "ann").await.unwrap();
            attempt.end(Ok(())).unwrap();
        }
    }

    /// Mutant: what is under way does not count.
    #[tokio::test]
    async fn what_is_under_way_counts_until_it_ends() {
        let limits = allowing(2);
        let first = limits.attempt(Some(peer(1)), "ann").await.unwrap();
        let second = limits.attempt(Some(peer(1)), "ann").await.unwrap();
        let mut third = Box::pin(limits.attempt(Some(peer(1)), "ann"));
        assert!(futures_util::poll!(&mut third).is_pending());
        // What did not end counts for nothing.
        drop(first);
        let third = third.await.unwrap();
        second.end(Err(Error::CredentialsInvalid)).unwrap_err();
        third.end(Err(Error::CredentialsInvalid)).unwrap_err();
        limits.attempt(Some(peer(1)), "ann").await.err().unwrap();
        limits.attempt(Some(peer(2)), "ann").await.unwrap();
    }
}
