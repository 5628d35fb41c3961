//! The status of a contact.

use super::text_enum;

text_enum! {
    /// Where the handling of a contact stands.
    ContactStatus {
        /// Nobody has begun.
        New = "NEW",
        /// An operator is on it.
        InProgress = "IN_PROGRESS",
        /// Done.
        Closed = "CLOSED",
    }
}

impl ContactStatus {
    /// All statuses.
    pub const ALL: [Self; 3] = [Self::New, Self::InProgress, Self::Closed];
    /// The statuses that count towards an operator's load.
    pub const ACTIVE: [Self; 2] = [Self::New, Self::InProgress];

    /// Whether it counts towards its operator's load.
    pub fn is_active(self) -> bool {
        Self::ACTIVE.contains(&self)
    }
}
