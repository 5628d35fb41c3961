//! Enums of the domain as proto has them.

use crate::{
    access::{KeyAccess, Role},
    dispatch::{BacklogReason, ExclusionReason},
    model::deal::{DealStage, DealStatus},
    proto,
};

impl From<Role> for proto::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Manager => Self::Manager,
            Role::Member => Self::Member,
        }
    }
}

impl From<KeyAccess> for proto::ApiKeyAccess {
    fn from(access: KeyAccess) -> Self {
        match access {
            KeyAccess::Admin => Self::Admin,
            KeyAccess::Manager => Self::Manager,
            KeyAccess::Intake => Self::Intake,
            KeyAccess::Read => Self::Read,
        }
    }
}

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

impl From<DealStatus> for proto::DealStatus {
    fn from(status: DealStatus) -> Self {
        match status {
            DealStatus::New => Self::New,
            DealStatus::InProgress => Self::InProgress,
            DealStatus::Won => Self::Won,
            DealStatus::Lost => Self::Lost,
        }
    }
}

impl From<DealStage> for proto::DealStage {
    fn from(stage: DealStage) -> Self {
        match stage {
            DealStage::Qualification => Self::Qualification,
            DealStage::Proposal => Self::Proposal,
            DealStage::Negotiation => Self::Negotiation,
            DealStage::Closed => Self::Closed,
        }
    }
}
