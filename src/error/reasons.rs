//! Reasons of `PERMISSION_DENIED` and `FAILED_PRECONDITION` that more than one
//! thing can have.

/// Reason: the operator's load or window limit is reached.
pub const OPERATOR_AT_LIMIT: &str = "OPERATOR_AT_LIMIT";
/// Reason: the operator is not active.
pub const OPERATOR_INACTIVE: &str = "OPERATOR_INACTIVE";
/// Reason: the source takes no contacts in.
pub const SOURCE_INACTIVE: &str = "SOURCE_INACTIVE";
/// Reason: the source has as many weights as it can have.
pub const TOO_MANY_WEIGHTS: &str = "TOO_MANY_WEIGHTS";
/// Reason: the contact is closed.
pub const CONTACT_CLOSED: &str = "CONTACT_CLOSED";
/// Reason: the caller's role does not suffice.
pub const ROLE_DENIED: &str = "ROLE_DENIED";
/// Reason: the thing is not the caller's own.
pub const NOT_OWN: &str = "NOT_OWN";
/// Reason: only an owner may.
pub const OWNER_REQUIRED: &str = "OWNER_REQUIRED";
/// Reason: only a user may, not a service.
pub const USER_REQUIRED: &str = "USER_REQUIRED";
/// Reason: the caller has no organization, and names none.
pub const ORGANIZATION_REQUIRED: &str = "ORGANIZATION_REQUIRED";
/// Reason: no owner would be left.
pub const LAST_OWNER: &str = "LAST_OWNER";
/// Reason: the lead has active contacts.
pub const LEAD_HAS_OPEN_CONTACTS: &str = "LEAD_HAS_OPEN_CONTACTS";
/// Reason: the lead has deals.
pub const LEAD_HAS_DEALS: &str = "LEAD_HAS_DEALS";
/// Reason: a deal that is won needs an amount.
pub const DEAL_AMOUNT_REQUIRED: &str = "DEAL_AMOUNT_REQUIRED";
/// Reason: the deal is closed, and stays so.
pub const DEAL_CLOSED: &str = "DEAL_CLOSED";
/// Reason: the deal is open.
pub const DEAL_OPEN: &str = "DEAL_OPEN";
/// Reason: only owners and admins move deals back.
pub const STAGE_ROLLBACK: &str = "STAGE_ROLLBACK";
/// Reason: nobody registers here.
pub const REGISTRATION_CLOSED: &str = "REGISTRATION_CLOSED";
/// Reason: only who is invited registers here.
pub const INVITATION_REQUIRED: &str = "INVITATION_REQUIRED";
