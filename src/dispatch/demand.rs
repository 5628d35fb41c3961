//! What is asked of dispatch.

use crate::ids::{OperatorId, SourceId};

/// A contact for which an operator is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Demand {
    pub source_id: SourceId,
    /// The operator it is being taken from, who is not asked.
    pub current: Option<OperatorId>,
}

impl Demand {
    /// That of a contact which nobody has.
    pub fn of(source_id: SourceId) -> Self {
        let current = None;
        Self { source_id, current }
    }
}
