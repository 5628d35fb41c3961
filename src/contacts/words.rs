//! What decisions are called on the wire.

use crate::{
    dispatch::{BacklogReason, ExclusionReason},
    proto,
};

impl From<BacklogReason> for proto::BacklogReason {
    fn from(reason: BacklogReason) -> Self {
        match reason {
            BacklogReason::NoOperators => Self::NoOperators,
            BacklogReason::AllInactive => Self::AllInactive,
            BacklogReason::AllAtLimit => Self::AllAtLimit,
            BacklogReason::OperatorDeleted => Self::OperatorDeleted,
            BacklogReason::TakenBack => Self::TakenBack,
        }
    }
}

impl From<ExclusionReason> for proto::ExclusionReason {
    fn from(reason: ExclusionReason) -> Self {
        match reason {
            ExclusionReason::Paused => Self::Paused,
            ExclusionReason::Inactive => Self::Inactive,
            ExclusionReason::AtLoadLimit => Self::AtLoadLimit,
            ExclusionReason::AtWindowLimit => Self::AtWindowLimit,
            ExclusionReason::CurrentOperator => Self::CurrentOperator,
        }
    }
}
