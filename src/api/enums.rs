//! Enums of the domain and their twins in proto. Each value is named once here: what one
//! has and the other lacks does not compile.

use crate::{
    access::{KeyAccess, Role},
    contacts::store::{ContactStatus, assignments::AssignmentKind},
    dispatch::{BacklogReason, ExclusionReason},
    model::deal::{DealStage, DealStatus},
    proto,
    sources::store::Strategy,
};

/// Makes each enum from its twin: to proto as it is, from proto unless it is unspecified.
macro_rules! proto_enum {
    ($($name:ident: $twin:ident { $($value:ident),* $(,)? })*) => {$(
        impl From<$name> for proto::$twin {
            fn from(value: $name) -> Self {
                match value { $($name::$value => Self::$value,)* }
            }
        }

        impl From<proto::$twin> for Option<$name> {
            fn from(value: proto::$twin) -> Self {
                match value {
                    proto::$twin::Unspecified => None,
                    $(proto::$twin::$value => Some($name::$value),)*
                }
            }
        }
    )*};
}

proto_enum! {
    AssignmentKind: AssignmentKind { Automatic, Manual, Reassigned, Kept, Released }
    BacklogReason: BacklogReason { NoOperators, AllInactive, AllAtLimit, OperatorDeleted, TakenBack }
    DealStage: DealStage { Qualification, Proposal, Negotiation, Closed }
    DealStatus: DealStatus { New, InProgress, Won, Lost }
    ExclusionReason: ExclusionReason { Paused, Inactive, AtLoadLimit, AtWindowLimit, CurrentOperator }
    ContactStatus: ContactStatus { New, InProgress, Closed }
    KeyAccess: ApiKeyAccess { Admin, Manager, Intake, Read }
    Role: Role { Owner, Admin, Manager, Member }
    Strategy: DistributionStrategy { WeightedRandom }
}
