//! Deals: the sale that follows an enquiry.
//!
//! A deal changes together with its timeline (`activities`) and with what deals
//! come to (`statistics`), in one transaction that locks the deal first. Order
//! of locks: request id, lead, contact, deal, task, counts of deals by cell.

pub mod amount;
pub mod change;
pub mod service;
pub mod store;

pub use crate::model::deal::{DealStage, DealStatus};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 255;
