//! Deals: the sale that follows an enquiry.
//!
//! A deal changes together with its timeline (`activities`) and with what deals
//! come to (`store::counts`), in one transaction that locks the deal first. Order
//! of locks: request id, lead, contact, deal, task, counts of deals by cell.

pub mod amount;
mod change;
mod grpc;
mod hand_over;
mod list;
mod reopen;
pub mod store;

use std::iter;

pub use grpc::Deals;
pub use hand_over::hand_over;
use store::Deal;

use crate::{call::reply::timestamp, platform::db::text_enum, proto};

text_enum! {
    /// How a deal stands.
    DealStatus {
        /// Nobody has begun to work on it.
        New = "NEW",
        /// It is being worked on.
        InProgress = "IN_PROGRESS",
        /// The lead has bought.
        Won = "WON",
        /// The lead will not buy.
        Lost = "LOST",
    }
}

text_enum! {
    /// How far a deal has come.
    DealStage {
        /// Whether there is something to sell is being found out.
        Qualification = "QUALIFICATION",
        /// An offer is being made.
        Proposal = "PROPOSAL",
        /// The offer is being talked about.
        Negotiation = "NEGOTIATION",
        /// Nothing more is to be done.
        Closed = "CLOSED",
    }
}

impl DealStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::New, Self::InProgress, Self::Won, Self::Lost];

    /// Whether it never changes again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Won | Self::Lost)
    }

    /// All of them with each stage that a deal can be in.
    pub fn with_stages() -> impl Iterator<Item = (Self, DealStage)> {
        let pairs = Self::ALL
            .into_iter()
            .flat_map(|status| iter::repeat(status).zip(DealStage::ALL));
        pairs.filter(|(status, stage)| !status.is_final() || *stage == DealStage::Closed)
    }
}

impl DealStage {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [
        Self::Qualification,
        Self::Proposal,
        Self::Negotiation,
        Self::Closed,
    ];

    /// Its place in the order.
    pub fn place(self) -> usize {
        self as usize
    }

    /// The later one of this and another, which does not count if it is CLOSED.
    #[must_use]
    pub fn furthest(self, other: Self) -> Self {
        if other != Self::Closed && other.place() > self.place() {
            other
        } else {
            self
        }
    }
}

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

/// The status as it is kept; none if unspecified.
fn kept_status(status: proto::DealStatus) -> Option<DealStatus> {
    match status {
        proto::DealStatus::Unspecified => None,
        proto::DealStatus::New => Some(DealStatus::New),
        proto::DealStatus::InProgress => Some(DealStatus::InProgress),
        proto::DealStatus::Won => Some(DealStatus::Won),
        proto::DealStatus::Lost => Some(DealStatus::Lost),
    }
}

/// The stage as it is kept; none if unspecified.
fn kept_stage(stage: proto::DealStage) -> Option<DealStage> {
    match stage {
        proto::DealStage::Unspecified => None,
        proto::DealStage::Qualification => Some(DealStage::Qualification),
        proto::DealStage::Proposal => Some(DealStage::Proposal),
        proto::DealStage::Negotiation => Some(DealStage::Negotiation),
        proto::DealStage::Closed => Some(DealStage::Closed),
    }
}
