//! Activities: the timeline of a deal. Whoever writes on it has locked the deal,
//! so its numbers are the order of what happened.

pub mod store;

pub use store::{Payload, TaskFacts};
