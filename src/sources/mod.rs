//! Sources: the channels contacts come through, and the weights that share
//! their contacts among operators.
//!
//! A source's `code` is unique among the sources that are not deleted. Whoever
//! writes weights locks the operators concerned, as intake does: once a change
//! is acknowledged, no assignment under the old weights commits any more.

mod code;
pub mod store;
pub mod weights;

pub use code::{derive_code, insert_with_derived_code, is_code, normalize_code};

/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = 2000;
