//! Contacts: enquiries of leads through sources.
//!
//! A contact that is `NEW` or `IN_PROGRESS` is active and counts towards the load
//! of its operator; both change in one transaction. A contact without an
//! operator is in the backlog and says why. Every decision about who handles a
//! contact is kept.
//!
//! Order of locks, everywhere: request id, lead, contact, operators by id, count
//! of leads. (What is counted is folded into rollups by a transaction of its own.)

mod batch;
mod engine;
mod get;
mod release;
pub mod store;

pub use batch::plan::{Change, Created, NewContact, Once, SourceRef, Target};
pub use engine::{Contacts, Done};
pub use release::release_all;
