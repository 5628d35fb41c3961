//! Transactions of one organization.

use super::{Conn, Transaction};
use crate::{ids::OrganizationId, model::Change};

/// A transaction of one organization: its statements are about this organization's rows,
/// and nobody need say which one beside it.
pub type TenantTx = Transaction<OrganizationId>;

impl TenantTx {
    /// The organization.
    pub fn organization_id(&self) -> OrganizationId {
        self.scope
    }

    /// The connection, to send statements by.
    pub fn conn(&self) -> &Conn {
        self
    }

    /// Says what happened in this transaction. Nothing is written before its end; when all
    /// of it is done again, it is said again.
    pub fn record(&self, change: Change) {
        self.changes.push(change);
    }

    /// What happened so far. Whoever takes it writes it.
    pub fn take_changes(&self) -> Vec<Change> {
        self.changes.take()
    }
}
