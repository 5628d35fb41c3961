//! Deals: the sale that follows an enquiry.
//!
//! A deal changes together with its timeline (`activities`) and with what deals
//! come to (`store::counts`), in one transaction that locks the deal first. Order
//! of locks: request id, lead, contact, deal, task, counts of deals by cell.

pub mod amount;
pub mod change;
mod hand_over;
pub mod service;
pub mod store;

pub use hand_over::hand_over;

pub use crate::model::deal::{DealStage, DealStatus};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 255;
