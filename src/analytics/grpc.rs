//! The edge of `AnalyticsService`: checks requests, runs them, answers. What is
//! about deals is beside it.

use std::{collections::HashMap, sync::Arc};

use tonic::Request;
use uuid::Uuid;

use super::{
    deals::{get_deal_funnel, get_deal_summary},
    range::Parts,
    store::{self, Share},
};
use crate::{
    context::{App, Context},
    distribution,
    error::Result,
    operators::{self, store::Filter},
    page::Pager,
    proto::{
        ContactStatus, ContactStatusCount, DealStatus, DealStatusCount, DistributionRow,
        GetDealFunnelRequest, GetDealFunnelResponse, GetDealSummaryRequest, GetDealSummaryResponse,
        GetDistributionRequest, GetDistributionResponse, GetOverviewRequest, GetOverviewResponse,
        ListOperatorLoadsRequest, ListOperatorLoadsResponse, OperatorLoad, SourceBacklog,
        analytics_service_server::AnalyticsService,
    },
    rpc::{Rpc, reply},
    sources,
    statistics::Span,
    validate::Violations,
};

/// Serves `AnalyticsService`.
pub struct Analytics(pub Arc<App>);

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
    let organization_id = context.organization_id;
    let overview = context
        .read_stale(async |conn| store::overview(conn, organization_id).await)
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
    violations.finish()?;
    let organization_id = context.organization_id;
    let parts = &Parts::of((start_time, end_time), &[Span::Day, Span::Hour]);
    let shares = context
        .read_stale(async |conn| {
            if let Some(source_id) = source_id {
                sources::store::find(conn, organization_id, source_id).await?;
            }
            store::shares(conn, organization_id, source_id, parts).await
        })
        .await?;
    Ok(distribution_of(&shares))
}

#[expect(clippy::cast_precision_loss, reason = "contacts stay far below 2^53")]
fn distribution_of(shares: &[Share]) -> GetDistributionResponse {
    let mut totals: HashMap<Uuid, i64> = HashMap::new();
    for share in shares.iter().filter(|share| share.operator_id.is_some()) {
        *totals.entry(share.source_id).or_default() += share.contacts;
    }
    let (mut rows, mut backlogs) = (Vec::new(), Vec::new());
    for share in shares {
        let source_id = share.source_id.to_string();
        match share.operator_id {
            Some(operator_id) => rows.push(DistributionRow {
                source_id,
                operator_id: operator_id.to_string(),
                contacts: share.contacts,
                share: share.contacts as f64 / totals[&share.source_id].max(1) as f64,
                expected: share.expected,
                active_contacts: share.active_contacts,
            }),
            None if share.active_contacts > 0 => {
                backlogs.push(SourceBacklog {
                    source_id,
                    contacts: share.active_contacts,
                });
            }
            None => {}
        }
    }
    GetDistributionResponse { rows, backlogs }
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
    let pager = &pager;
    let (operators, next_page_token, window_loads) = context
        .read_stale(async |conn| {
            let operators =
                operators::store::list(conn, organization_id, filter, pager.page).await?;
            let (operators, next_page_token) = pager.finish(operators, |operator| operator.id);
            let window_loads =
                distribution::store::window_loads(conn, organization_id, &operators).await?;
            Ok((operators, next_page_token, window_loads))
        })
        .await?;
    let loads = operators
        .into_iter()
        .map(|operator| OperatorLoad {
            operator_id: operator.id.to_string(),
            operator_name: operator.name,
            active: operator.active,
            load: operator.load,
            load_limit: operator.load_limit,
            window_load: window_loads.get(&operator.id).copied().unwrap_or_default(),
            window_limit: operator.window_limit,
        })
        .collect();
    Ok(ListOperatorLoadsResponse {
        loads,
        next_page_token,
    })
}
