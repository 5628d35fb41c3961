//! Leads: the people and companies who ask.
//!
//! An identifier (`external_id`, `phone`, `email`) belongs to at most one lead
//! of an organization. A lead is really deleted, with its closed contacts, and
//! not while it has active ones.

mod indexing;
pub mod resolve;
pub mod store;

pub use indexing::IndexLeadTexts;

/// What is known of a lead, checked and normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
}
