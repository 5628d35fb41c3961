//! Whose rows a transaction can meet: the second wall. The first is that every
//! statement names `organization_id`; if one forgets it, the policies of the
//! tables (see `migrations`) still show it no rows but those of the scope.

use std::fmt;

use crate::ids::{OrganizationId, UserId};

/// Whose rows a transaction can meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Those of one organization.
    Organization(OrganizationId),
    /// These rows of `organizations`, and nothing of what belongs to them.
    Organizations(Vec<OrganizationId>),
    /// All rows of `organizations`, to read, and nothing of what belongs to them.
    AllOrganizations,
    /// Those of one user.
    User(UserId),
    /// None.
    None,
}

/// The statements that set it, until the end of a transaction. (They hold ids
/// only: nothing to quote.)
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(id) => write!(f, "SET LOCAL minicrm.organization_id = '{id}'"),
            Self::Organizations(ids) => {
                let ids: Vec<_> = ids.iter().map(OrganizationId::to_string).collect();
                let ids = ids.join(",");
                write!(f, "SET LOCAL minicrm.organization_id = '{ids}'")
            }
            Self::AllOrganizations => write!(f, "SET LOCAL minicrm.organization_id = '*'"),
            Self::User(id) => write!(f, "SET LOCAL minicrm.user_id = '{id}'"),
            Self::None => Ok(()),
        }
    }
}
