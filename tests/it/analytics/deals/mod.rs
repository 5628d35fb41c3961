//! `GetDealSummary` and `GetDealFunnel`.

mod expected;
mod recount;
mod rules;
mod storm;

use minicrm::proto::{
    DealStage, DealStatus, GetDealFunnelRequest, GetDealFunnelResponse, GetDealSummaryRequest,
    GetDealSummaryResponse,
};

use crate::support::{App, call};

/// All statuses.
pub const STATUSES: [DealStatus; 4] = [
    DealStatus::New,
    DealStatus::InProgress,
    DealStatus::Won,
    DealStatus::Lost,
];
const STAGES: [DealStage; 4] = [
    DealStage::Qualification,
    DealStage::Proposal,
    DealStage::Negotiation,
    DealStage::Closed,
];

async fn summary(app: &App, request: GetDealSummaryRequest) -> GetDealSummaryResponse {
    call!(app.analytics.get_deal_summary(request)).unwrap()
}

async fn funnel(app: &App, request: GetDealFunnelRequest) -> GetDealFunnelResponse {
    call!(app.analytics.get_deal_funnel(request)).unwrap()
}
