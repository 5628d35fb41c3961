//! Deals as proto has them.

use crate::{
    deals::{amount, store::Deal},
    ids,
    platform::grpc::convert::timestamp,
    proto,
};

impl From<Deal> for proto::Deal {
    fn from(deal: Deal) -> Self {
        Self {
            id: deal.id.to_string(),
            lead_id: deal.lead_id.to_string(),
            contact_id: ids::text(deal.contact_id),
            owner_user_id: ids::text(deal.owner_user_id),
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
