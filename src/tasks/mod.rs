//! Tasks: what is to be done about a deal.
//!
//! Whoever changes a task has locked its deal first, then the task: what is done
//! is on the timeline of the deal (`activities`) in the same transaction. Today is
//! what the database says of the organization's time zone.

pub mod change;
pub mod service;
pub mod store;

use crate::platform::grpc::validate::MAX_MESSAGE;

/// Longest title, in characters.
pub const MAX_TITLE: usize = 255;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = MAX_MESSAGE;
