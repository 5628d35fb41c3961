//! What dispatch knows of an operator.

use crate::model::Operator;

/// An operator and how much it was given within its window.
#[derive(Debug, Clone)]
pub struct RosterEntry {
    /// The operator; its `load` counts what was decided on this roster.
    pub operator: Operator,
    /// Contacts given to it within its window.
    pub window_load: i32,
}
