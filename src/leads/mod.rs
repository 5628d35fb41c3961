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
pub struct LeadIdentity {
    /// What another system calls them.
    pub external_id: Option<String>,
    /// In E.164.
    pub phone: Option<String>,
    /// In its canonical form.
    pub email: Option<String>,
    /// Empty if it is not known.
    pub name: String,
}
