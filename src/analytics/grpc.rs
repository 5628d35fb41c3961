//! The edge of `AnalyticsService`: checks requests, runs them, answers.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tonic::Request;
use uuid::Uuid;

use super::store::{self, Range, Share};
use crate::{
    contacts::store::ContactStatus,
    context::{App, Context},
    distribution::{self, Pool},
    error::Result,
    operators::{self, store::Filter},
    page::Pager,
    pick,
    proto::{
        self, ContactStatusCount, DistributionRow, GetDistributionRequest, GetDistributionResponse,
        GetOverviewRequest, GetOverviewResponse, ListOperatorLoadsRequest,
        ListOperatorLoadsResponse, OperatorLoad, SourceBacklog,
        analytics_service_server::AnalyticsService,
    },
    rpc::{Rpc, reply},
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
}

async fn get_overview(context: Context, _: GetOverviewRequest) -> Result<GetOverviewResponse> {
    let conn = context.db().conn().await?;
    let overview = store::overview(&conn, context.organization_id).await?;
    let counted = store::contacts_by_status(&conn, context.organization_id).await?;
    let statuses = [
        ContactStatus::New,
        ContactStatus::InProgress,
        ContactStatus::Closed,
    ];
    let contacts_by_status = statuses
        .into_iter()
        .map(|status| ContactStatusCount {
            status: proto::ContactStatus::from(status).into(),
            contacts: counted
                .iter()
                .find(|count| count.0 == status)
                .map_or(0, |count| count.1),
        })
        .collect();
    Ok(GetOverviewResponse {
        leads: overview.leads,
        contacts: counted.iter().map(|count| count.1).sum(),
        contacts_by_status,
        backlog: overview.backlog,
        operators: overview.operators,
        active_operators: overview.active_operators,
        sources: overview.sources,
    })
}

async fn get_distribution(
    context: Context,
    request: GetDistributionRequest,
) -> Result<GetDistributionResponse> {
    let mut violations = Violations::new();
    let range = Range {
        source_id: violations.optional_id("source_id", &request.source_id),
        start_time: violations.time("start_time", request.start_time),
        end_time: violations.time("end_time", request.end_time),
    };
    violations.finish()?;
    let conn = context.db().conn().await?;
    if let Some(source_id) = range.source_id {
        crate::sources::store::find(&conn, context.organization_id, source_id).await?;
    }
    let shares = store::shares(&conn, context.organization_id, &range).await?;
    let pool_ids: Vec<_> = shares.iter().filter_map(|share| share.pool_id).collect();
    let pools = distribution::store::find_pools(&conn, context.organization_id, &pool_ids).await?;
    Ok(distribution_of(&shares, &pools))
}

/// Adds up what happened and what was to be expected.
#[expect(clippy::cast_precision_loss, reason = "contacts stay far below 2^53")]
fn distribution_of(shares: &[Share], pools: &HashMap<Uuid, Pool>) -> GetDistributionResponse {
    let mut rows: BTreeMap<(Uuid, Uuid), DistributionRow> = BTreeMap::new();
    let mut totals: HashMap<Uuid, i64> = HashMap::new();
    let mut backlogs: BTreeMap<Uuid, i64> = BTreeMap::new();
    for share in shares {
        let Some(operator_id) = share.operator_id else {
            *backlogs.entry(share.source_id).or_default() += share.active_contacts;
            continue;
        };
        *totals.entry(share.source_id).or_default() += share.contacts;
        let row = rows.entry((share.source_id, operator_id)).or_default();
        row.contacts += share.contacts;
        row.active_contacts += share.active_contacts;
        let Some(pool) = share.pool_id.and_then(|id| pools.get(&id)) else {
            row.expected += share.contacts as f64;
            continue;
        };
        let total_weight = pick::total_weight(&pool.candidates);
        for candidate in &pool.candidates {
            let row = rows
                .entry((share.source_id, candidate.operator_id))
                .or_default();
            row.expected +=
                share.contacts as f64 * pick::probability(candidate.weight, total_weight);
        }
    }
    let rows = rows
        .into_iter()
        .map(|((source_id, operator_id), row)| DistributionRow {
            source_id: source_id.to_string(),
            operator_id: operator_id.to_string(),
            share: row.contacts as f64 / totals[&source_id].max(1) as f64,
            ..row
        });
    let backlogs = backlogs.into_iter().filter(|backlog| backlog.1 > 0);
    GetDistributionResponse {
        rows: rows.collect(),
        backlogs: backlogs
            .map(|(source_id, contacts)| SourceBacklog {
                source_id: source_id.to_string(),
                contacts,
            })
            .collect(),
    }
}

async fn list_operator_loads(
    context: Context,
    request: ListOperatorLoadsRequest,
) -> Result<ListOperatorLoadsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, organization_id, &request);
    violations.finish()?;
    let filter = Filter {
        active: None,
        deleted: false,
    };
    let conn = context.db().conn().await?;
    let operators = operators::store::list(&conn, organization_id, &filter, pager.page).await?;
    let (operators, next_page_token) = pager.finish(operators, |operator| operator.id);
    let window_loads =
        distribution::store::window_loads(&conn, organization_id, &operators).await?;
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
