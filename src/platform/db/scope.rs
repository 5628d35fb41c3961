//! Tenant isolation: whose rows a transaction can meet. Every statement names
//! `organization_id`; row-level security is the defence in depth: if one forgets it, the
//! policies of the tables (see `migrations`) show it no rows but those of the scope.
//!
//! The scope is a part of the transaction's type: what works on one organization's rows
//! asks for a [`TenantTx`](super::TenantTx), and no other transaction will do.

use crate::ids::{OrganizationId, UserId};

/// Whose rows a transaction can meet.
pub trait Scope: Clone + Send + Sync + 'static {
    /// The statements that set it, until the end of a transaction. (They hold ids
    /// only: nothing to quote.)
    fn settings(&self) -> String;

    /// The organization, if it is the rows of one.
    fn tenant(&self) -> Option<OrganizationId> {
        None
    }
}

/// Those of one organization.
impl Scope for OrganizationId {
    fn settings(&self) -> String {
        format!("SET LOCAL minicrm.organization_id = '{self}'")
    }

    fn tenant(&self) -> Option<OrganizationId> {
        Some(*self)
    }
}

/// Those of one user: their memberships.
impl Scope for UserId {
    fn settings(&self) -> String {
        format!("SET LOCAL minicrm.user_id = '{self}'")
    }
}

/// These rows of `organizations`, and nothing of what belongs to them.
#[derive(Debug, Clone)]
pub struct TheseOrganizations(pub Vec<OrganizationId>);

impl Scope for TheseOrganizations {
    fn settings(&self) -> String {
        let ids: Vec<_> = self.0.iter().map(OrganizationId::to_string).collect();
        format!("SET LOCAL minicrm.organization_id = '{}'", ids.join(","))
    }
}

/// All rows of `organizations`, to read, and nothing of what belongs to them.
#[derive(Debug, Clone, Copy)]
pub struct AllOrganizations;

impl Scope for AllOrganizations {
    fn settings(&self) -> String {
        "SET LOCAL minicrm.organization_id = '*'".to_owned()
    }
}

/// No organization's: users, sessions, and what the database itself knows.
#[derive(Debug, Clone, Copy)]
pub struct NoTenant;

impl Scope for NoTenant {
    fn settings(&self) -> String {
        String::new()
    }
}
