//! The calls in flight: so many in all, and of one organization not so many that
//! there is no room for others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use crate::error::{Error, Result};

/// The calls in flight.
pub struct InFlight {
    limit: usize,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    count: usize,
    /// By organization, for those that have any.
    of: HashMap<Uuid, usize>,
}

/// A call that is in flight until this is dropped.
pub struct Admitted {
    in_flight: Arc<InFlight>,
    organization_id: Option<Uuid>,
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
            return Err(Error::Overloaded("in_flight"));
        }
        calls.count += 1;
        Ok(Admitted {
            in_flight: Arc::clone(self),
            organization_id: None,
        })
    }
}

impl Admitted {
    /// The same call, now that it is known whose it is. The last quarter is for those
    /// organizations that have not half of all: one whose calls are stuck does not
    /// shut the others out.
    pub fn of(mut self, organization_id: Uuid) -> Result<Self> {
        let mut calls = self.in_flight.lock();
        let limit = self.in_flight.limit;
        let few_left = limit - calls.count < limit / 4;
        let held = calls.of.entry(organization_id).or_default();
        if few_left && *held >= limit / 2 {
            return Err(Error::Overloaded("in_flight"));
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
