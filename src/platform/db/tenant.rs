//! Transactions of one organization.

use super::{Conn, Transaction};
use crate::ids::OrganizationId;

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
}
