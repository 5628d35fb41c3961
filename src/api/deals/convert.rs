//! Deals between proto and the domain.

use crate::{
    call::reply::timestamp,
    deals::{DealStage, DealStatus, amount, store::Deal},
    proto,
};

impl From<Deal> for proto::Deal {
    fn from(deal: Deal) -> Self {
        let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            id: deal.id.to_string(),
            lead_id: deal.lead_id.to_string(),
            contact_id: id(deal.contact_id),
            owner_user_id: id(deal.owner_user_id),
            title: deal.title,
            amount: amount::text(&deal.amount, &deal.currency),
            currency: deal.currency,
            status: proto::DealStatus::from(deal.status).into(),
            stage: proto::DealStage::from(deal.stage).into(),
            close_time: deal.close_time.map(timestamp),
            create_time: Some(timestamp(deal.create_time)),
            update_time: Some(timestamp(deal.update_time)),
            etag: deal.revision.to_string(),
        }
    }
}

/// The status as it is kept; none if unspecified.
pub fn kept_status(status: proto::DealStatus) -> Option<DealStatus> {
    match status {
        proto::DealStatus::Unspecified => None,
        proto::DealStatus::New => Some(DealStatus::New),
        proto::DealStatus::InProgress => Some(DealStatus::InProgress),
        proto::DealStatus::Won => Some(DealStatus::Won),
        proto::DealStatus::Lost => Some(DealStatus::Lost),
    }
}

/// The stage as it is kept; none if unspecified.
pub fn kept_stage(stage: proto::DealStage) -> Option<DealStage> {
    match stage {
        proto::DealStage::Unspecified => None,
        proto::DealStage::Qualification => Some(DealStage::Qualification),
        proto::DealStage::Proposal => Some(DealStage::Proposal),
        proto::DealStage::Negotiation => Some(DealStage::Negotiation),
        proto::DealStage::Closed => Some(DealStage::Closed),
    }
}
