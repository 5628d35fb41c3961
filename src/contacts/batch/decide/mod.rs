//! Decides about a batch: in memory, one after the other, from what is locked. Neither the
//! database nor the process's clock and randomness: the same generator decides the same.

mod change;
mod intake;
mod reassign;
mod status;

use rand::Rng;

pub use self::{change::Changes, intake::Intake};
use super::{load::Loaded, outcome::Outcome};
use crate::dispatch::Roster;

/// What was decided.
pub struct Decided {
    /// What becomes of contacts that there were.
    pub changes: Changes,
    /// What is taken in.
    pub intake: Intake,
    /// The operators, as they are after all of it.
    pub roster: Roster,
}

/// Decides about all that is still open. What is closed makes room for what comes in.
pub fn decide<'a>(rng: &mut impl Rng, loaded: Loaded<'a>, outcome: &mut Outcome<'a>) -> Decided {
    let Loaded {
        new,
        changes,
        leads,
        contacts,
        sources,
        mut roster,
        linked,
    } = loaded;
    let changes = Changes::make(rng, contacts, linked, &mut roster, &changes, outcome);
    let intake = Intake::decide(rng, leads, &sources, &mut roster, &new, outcome);
    Decided {
        changes,
        intake,
        roster,
    }
}
