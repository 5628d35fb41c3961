//! A bulkhead between tenants: how many connections one organization may hold at a time.
//! One whose transactions are stuck leaves some to the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ids::OrganizationId;

/// The connection limit of every organization, the same for all.
pub struct TenantBulkhead {
    limit: usize,
    /// Of those that hold or want connections.
    permits: Mutex<HashMap<OrganizationId, Weak<Semaphore>>>,
}

/// Lets an organization hold one connection, until it is dropped.
pub type Permit = OwnedSemaphorePermit;

impl TenantBulkhead {
    /// Of so many connections: a quarter, at least one, is out of an organization's
    /// reach, if there is more than one.
    pub fn new(connections: usize) -> Self {
        Self {
            limit: (connections - connections.div_ceil(4)).max(1),
            permits: Mutex::default(),
        }
    }

    /// Waits for a permit of this organization, first come, first served.
    pub async fn acquire(&self, organization_id: OrganizationId) -> Option<Permit> {
        // It is never closed.
        self.semaphore(organization_id).acquire_owned().await.ok()
    }

    fn semaphore(&self, organization_id: OrganizationId) -> Arc<Semaphore> {
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = permits.get(&organization_id).and_then(Weak::upgrade) {
            return semaphore;
        }
        permits.retain(|_, semaphore| semaphore.strong_count() > 0);
        let semaphore = Arc::new(Semaphore::new(self.limit));
        permits.insert(organization_id, Arc::downgrade(&semaphore));
        semaphore
    }
}
