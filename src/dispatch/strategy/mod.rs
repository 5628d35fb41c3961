//! How one of several candidates is chosen: the seam that every strategy is written against.
//!
//! A strategy is a pure function of the pool, of the state of the operators and of a random
//! generator. Beside the operator it says what its choice can be repeated from, and what was to
//! be expected of it. Both are recorded with the decision and never worked out afterwards, so
//! that neither history nor statistics need to know how strategies work.
//!
//! To add one: a variant of [`Strategy`] (and of the constraint on `sources.strategy`), a file
//! beside `weighted_random` that implements [`Choose`], and its place in the laws
//! (`dispatch/laws.rs`).

mod kind;
#[cfg(test)]
pub mod least_loaded;
mod seam;
mod weighted_random;

pub use kind::Strategy;
pub use seam::{Choice, Choose, Evidence, Shares, State};

use self::weighted_random::WeightedRandom;

impl Strategy {
    /// What it does.
    pub fn rules(self) -> &'static dyn Choose {
        match self {
            Self::WeightedRandom => &WeightedRandom,
        }
    }
}
