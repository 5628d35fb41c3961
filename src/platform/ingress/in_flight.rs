//! The calls in flight: so many in all, and of one organization not so many that
//! there is no room for others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    error::{Error, Result, SOON},
    ids::OrganizationId,
};

/// The longest that a refused call is told to wait.
const LATEST: Duration = Duration::from_secs(5);

/// The calls in flight.
pub struct InFlight {
    limit: usize,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    count: usize,
    /// By organization, for those that have any.
    of: HashMap<OrganizationId, usize>,
    /// When the next one that is refused is told to come again.
    next_return: Option<Instant>,
}

impl Calls {
    /// Refuses a call. Those that are refused come again one after the other, not
    /// more of them at a time than may be in flight: to refuse them costs, too.
    fn refuse(&mut self, limit: usize, now: Instant) -> Error {
        let next = self.next_return.unwrap_or(now);
        let time = next.clamp(now + SOON, now + LATEST);
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.next_return = Some(time + SOON / limit.max(1));
        Error::Overloaded {
            what: "in_flight",
            retry_after: time - now,
        }
    }
}

/// A call that is in flight until this is dropped.
pub struct Admitted {
    in_flight: Arc<InFlight>,
    organization_id: Option<OrganizationId>,
}

impl InFlight {
    /// None yet, and so many at most.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            calls: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call in, or refuses it if there are too many. Nobody waits here.
    pub fn admit(self: &Arc<Self>) -> Result<Admitted> {
        let mut calls = self.lock();
        if calls.count >= self.limit {
            return Err(calls.refuse(self.limit, Instant::now()));
        }
        calls.count += 1;
        Ok(Admitted {
            in_flight: Arc::clone(self),
            organization_id: None,
        })
    }
}

impl Admitted {
    /// Counts the call for the organization it is for. The last quarter is for those
    /// organizations that have not half of all: one whose calls are stuck does not
    /// shut the others out.
    pub fn attribute_to(mut self, organization_id: OrganizationId) -> Result<Self> {
        let mut calls = self.in_flight.lock();
        let limit = self.in_flight.limit;
        let few_left = limit - calls.count < limit / 4;
        let held = calls.of.entry(organization_id).or_default();
        if few_left && *held >= limit / 2 {
            return Err(calls.refuse(limit, Instant::now()));
        }
        *held += 1;
        drop(calls);
        self.organization_id = Some(organization_id);
        Ok(self)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut calls = self.in_flight.lock();
        calls.count -= 1;
        if let Some(id) = self.organization_id
            && let Some(held) = calls.of.get_mut(&id)
        {
            *held -= 1;
            if *held == 0 {
                calls.of.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutants: the same time for all; no latest.
    #[test]
    fn those_who_are_refused_come_again_one_after_the_other() {
        let (mut calls, now) = (Calls::default(), Instant::now());
        let mut refused = |now| match calls.refuse(2, now) {
            Error::Overloaded { retry_after, .. } => retry_after,
            other => panic!("{other}"),
        };
        for times in [1.0, 1.5, 2.0] {
            assert_eq!(refused(now), SOON.mul_f64(times));
        }
        for _ in 0..100 {
            assert!(refused(now) <= LATEST);
        }
        assert_eq!(refused(now + 2 * LATEST), SOON);
    }
}
