//! Organizations, their members, invitations to them and keys for services.
//!
//! Whoever changes roles has the organization locked (see [`crate::access::Trust`]): what the
//! change is judged by does not change meanwhile, and one owner is always left. Membership
//! begins with an invitation that was accepted.

pub mod config;
pub mod invitations;
mod membership;
mod retention;
pub mod roles;
pub mod settings;
pub mod store;

pub use config::Limits;
pub use membership::{Membership, membership, memberships};
pub use retention::{RemoveClosedOrganizations, remove_closed};
pub use settings::{DEFAULT_CURRENCY, DEFAULT_TIME_ZONE};

/// Longest name of an organization, a user or a key, in characters.
pub const MAX_NAME: usize = 255;
