//! Analytics: what happened, in numbers, for a whole organization.

pub mod range;
pub mod store;
