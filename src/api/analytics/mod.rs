//! `AnalyticsService`. What is about deals is beside it.

mod deals;

use std::sync::Arc;

use tonic::Request;
use uuid::Uuid;

use crate::{
    analytics::{
        range::Parts,
        store::{self, Share},
    },
    api::analytics::deals::{get_deal_funnel, get_deal_summary},
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    dispatch,
    error::Result,
    operators::{self, store::Filter},
    platform::grpc::{
        page::{Cursor, Pager},
        validate::Violations,
    },
    proto::{
        ContactStatus, ContactStatusCount, DealStatus, DealStatusCount, DistributionRow,
        GetDealFunnelRequest, GetDealFunnelResponse, GetDealSummaryRequest, GetDealSummaryResponse,
        GetDistributionRequest, GetDistributionResponse, GetOverviewRequest, GetOverviewResponse,
        ListOperatorLoadsRequest, ListOperatorLoadsResponse, OperatorLoad, SourceBacklog,
        analytics_service_server::AnalyticsService,
    },
    sources,
    statistics::Bucket,
};

/// Serves `AnalyticsService`.
pub struct Analytics(pub Arc<Frame>);

#[tonic::async_trait]
impl AnalyticsService for Analytics {
    async fn get_overview(&self, r: Request<GetOverviewRequest>) -> Rpc<GetOverviewResponse> {
        reply(&self.0, r, get_overview).await
    }

    async fn get_distribution(
        &self,
        r: Request<GetDistributionRequest>,
    ) -> Rpc<GetDistributionResponse> {
        reply(&self.0, r, get_distribution).await
    }

    async fn list_operator_loads(
        &self,
        r: Request<ListOperatorLoadsRequest>,
    ) -> Rpc<ListOperatorLoadsResponse> {
        reply(&self.0, r, list_operator_loads).await
    }

    async fn get_deal_summary(
        &self,
        r: Request<GetDealSummaryRequest>,
    ) -> Rpc<GetDealSummaryResponse> {
        reply(&self.0, r, get_deal_summary).await
    }

    async fn get_deal_funnel(
        &self,
        r: Request<GetDealFunnelRequest>,
    ) -> Rpc<GetDealFunnelResponse> {
        reply(&self.0, r, get_deal_funnel).await
    }
}

async fn get_overview(context: Context, _: GetOverviewRequest) -> Result<GetOverviewResponse> {
    let overview = context
        .read_stale(async |tx| store::overview(tx).await)
        .await?;
    let by_status = [
        (ContactStatus::New, overview.new_contacts),
        (ContactStatus::InProgress, overview.in_progress_contacts),
        (ContactStatus::Closed, overview.closed_contacts),
    ];
    let deals = [
        (DealStatus::New, overview.new_deals),
        (DealStatus::InProgress, overview.in_progress_deals),
        (DealStatus::Won, overview.won_deals),
        (DealStatus::Lost, overview.lost_deals),
    ];
    Ok(GetOverviewResponse {
        leads: overview.leads,
        contacts: by_status.iter().map(|(_, contacts)| contacts).sum(),
        contacts_by_status: by_status
            .map(|(status, contacts)| ContactStatusCount {
                status: status.into(),
                contacts,
            })
            .into(),
        backlog: overview.backlog,
        operators: overview.operators,
        active_operators: overview.active_operators,
        sources: overview.sources,
        deals: deals.iter().map(|(_, deals)| deals).sum(),
        deals_by_status: deals
            .map(|(status, deals)| DealStatusCount {
                status: status.into(),
                deals,
            })
            .into(),
    })
}

async fn get_distribution(
    context: Context,
    request: GetDistributionRequest,
) -> Result<GetDistributionResponse> {
    let mut violations = Violations::new();
    let source_id = violations.optional_id("source_id", &request.source_id);
    let start_time = violations.time("start_time", request.start_time);
    let end_time = violations.time("end_time", request.end_time);
    let organization_id = context.organization_id;
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let after = match pager.cursor {
        Some(Cursor::Ids(source_id, operator_id)) => (source_id, operator_id),
        _ => (Uuid::nil(), Uuid::nil()),
    };
    let page = &(after, pager.page.fetch);
    let parts = &Parts::of((start_time, end_time), &[Bucket::Day, Bucket::Hour]);
    let shares = context
        .read_stale(async |tx| {
            if let Some(source_id) = source_id {
                sources::store::find(tx, source_id).await?;
            }
            store::shares(tx, source_id, parts, page).await
        })
        .await?;
    let page = pager.finish(
        shares,
        |share| {
            Cursor::Ids(
                share.source_id.into(),
                share.operator_id.unwrap_or_default().into(),
            )
        },
        |share| distribution_of(&share),
    );
    let mut distribution = GetDistributionResponse {
        next_page_token: page.next_page_token,
        ..Default::default()
    };
    for share in page.items {
        distribution.rows.extend(share.rows);
        distribution.backlogs.extend(share.backlogs);
    }
    Ok(distribution)
}

/// What a share of a source's contacts adds to the answer.
#[expect(clippy::cast_precision_loss, reason = "contacts stay far below 2^53")]
fn distribution_of(share: &Share) -> GetDistributionResponse {
    let source_id = share.source_id.to_string();
    let mut distribution = GetDistributionResponse::default();
    if share.operator_id.is_none() && share.active_contacts > 0 {
        distribution.backlogs.push(SourceBacklog {
            source_id: source_id.clone(),
            contacts: share.active_contacts,
        });
    }
    // Without an operator: what is not in the backlog.
    let (contacts, share_of_all, active_contacts) = match share.operator_id {
        Some(_) => {
            let all = share.source_contacts.max(1) as f64;
            let contacts = share.contacts;
            (contacts, contacts as f64 / all, share.active_contacts)
        }
        None => (share.contacts - share.active_contacts, 0.0, 0),
    };
    if share.operator_id.is_some() || contacts > 0 {
        distribution.rows.push(DistributionRow {
            source_id,
            operator_id: share
                .operator_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            contacts,
            share: share_of_all,
            expected: share.expected,
            active_contacts,
        });
    }
    distribution
}

async fn list_operator_loads(
    context: Context,
    request: ListOperatorLoadsRequest,
) -> Result<ListOperatorLoadsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let filter = &Filter {
        active: None,
        deleted: false,
    };
    let page = pager.page;
    let (operators, window_loads) = context
        .read_stale(async |tx| {
            let operators = operators::store::list(tx, filter, page).await?;
            let window_loads = dispatch::store::window_loads(tx, &operators.rows).await?;
            Ok((operators, window_loads))
        })
        .await?;
    let page = pager.finish(
        operators,
        |operator| operator.id,
        |operator| OperatorLoad {
            operator_id: operator.id.to_string(),
            operator_name: operator.name,
            active: operator.active,
            load: operator.load,
            load_limit: operator.load_limit,
            window_load: window_loads.get(&operator.id).copied().unwrap_or_default(),
            window_limit: operator.window_limit,
        },
    );
    Ok(ListOperatorLoadsResponse {
        loads: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}
