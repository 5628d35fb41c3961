//! What is asked of dispatch.

use uuid::Uuid;

/// A contact for which an operator is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Demand {
    /// Its source.
    pub source_id: Uuid,
    /// The operator it is being taken from, who is not asked.
    pub current: Option<Uuid>,
}

impl Demand {
    /// That of a contact which nobody has.
    pub fn of(source_id: Uuid) -> Self {
        let current = None;
        Self { source_id, current }
    }
}
