//! Deals as proto has them.

use crate::{
    call::reply::timestamp,
    deals::{amount, store::Deal},
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
