//! Dispatch: who gets a contact. Everything that decides it is here, and nothing else: who may
//! be chosen (`eligibility`), among whom (`pool`), how one of them is chosen (`strategy`), on
//! what state of the operators (`roster`), and what is recorded of it (`decision`).
//!
//! It is pure but for `store`, which reads the operators under lock: it knows neither the wire
//! nor the process's clock and randomness. Time comes with the roster, a random generator with
//! each decision, so that a decision, and a whole history of them, can be repeated.

mod backlog;
mod decision;
mod demand;
mod eligibility;
mod entry;
pub mod pick;
mod pool;
mod roster;
pub mod store;
pub mod strategy;

pub use backlog::BacklogReason;
pub use decision::{Basis, Decision, Outcome};
pub use demand::Demand;
pub use eligibility::ExclusionReason;
pub use entry::RosterEntry;
pub use pool::{Excluded, Pool};
pub use roster::{Roster, SourceRules};
pub use strategy::{Choice, Choose, Shares, State, Strategy};

#[cfg(test)]
mod laws;
