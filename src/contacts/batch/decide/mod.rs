//! Decides about a batch, one contact after the other: in memory, from what is locked. Neither
//! the database nor the process's clock and randomness: the same generator decides the same.

mod change;
mod intake;
mod reassign;
mod status;

pub use self::{change::Changes, intake::Intake};
