//! Why a contact has no operator.

use super::{ExclusionReason, Pool};
use crate::model::text_enum;

text_enum! {
    /// Why a contact has no operator.
    BacklogReason {
        /// No operator has a weight above 0 on the source.
        NoOperators = "NO_OPERATORS",
        /// Operators have a weight, but none is active.
        AllInactive = "ALL_INACTIVE",
        /// Every active operator with a weight is at a limit.
        AllAtLimit = "ALL_AT_LIMIT",
        /// Its operator was deleted, or went with a member who was removed.
        OperatorDeleted = "OPERATOR_DELETED",
        /// It was taken from its operator for nobody else to have it.
        TakenBack = "TAKEN_BACK",
    }
}

impl BacklogReason {
    /// Why nobody of a pool without candidates could take a contact. The
    /// operator it was taken from does not count: they are not asked.
    pub fn of(pool: &Pool) -> Self {
        use ExclusionReason as Reason;
        let reasons = || pool.excluded.iter().map(|excluded| excluded.reason);
        if reasons().any(|reason| matches!(reason, Reason::AtLoadLimit | Reason::AtWindowLimit)) {
            Self::AllAtLimit
        } else if reasons().any(|reason| reason == Reason::Inactive) {
            Self::AllInactive
        } else {
            Self::NoOperators
        }
    }
}
