//! How many connections one organization may hold at a time: one whose
//! transactions are stuck leaves some to the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ids::OrganizationId;

/// The shares of all organizations, all of the same size.
pub struct Shares {
    each: usize,
    /// Of those that hold or want connections.
    of: Mutex<HashMap<OrganizationId, Weak<Semaphore>>>,
}

/// A connection that an organization may hold, until it is dropped.
pub type Permit = OwnedSemaphorePermit;

impl Shares {
    /// Of so many connections: a quarter, at least one, is out of an organization's
    /// reach, if there is more than one.
    pub fn new(connections: usize) -> Self {
        Self {
            each: (connections - connections.div_ceil(4)).max(1),
            of: Mutex::default(),
        }
    }

    /// Waits for a permit of this organization, first come, first served.
    pub async fn take(&self, organization_id: OrganizationId) -> Option<Permit> {
        // It is never closed.
        self.of(organization_id).acquire_owned().await.ok()
    }

    fn of(&self, organization_id: OrganizationId) -> Arc<Semaphore> {
        let mut shares = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&organization_id).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(self.each));
        shares.insert(organization_id, Arc::downgrade(&share));
        share
    }
}
