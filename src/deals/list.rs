//! `DealService.ListDeals`.

use super::{
    amount::{self, hundredths},
    kept_stage, kept_status,
    store::{self, Filter},
};
use crate::{
    context::Context,
    error::Result,
    page::Pager,
    proto::{self, ListDealsRequest, ListDealsResponse},
    validate::Violations,
};

pub async fn list_deals(context: Context, request: ListDealsRequest) -> Result<ListDealsResponse> {
    let organization_id = context.organization_id;
    let mut violations = Violations::new();
    let v = &mut violations;
    let pager = Pager::parse(v, organization_id, &request);
    let statuses = request.statuses.iter();
    let stages = request.stages.iter();
    let min_amount = amount::parse(v, "min_amount", &request.min_amount);
    let max_amount = amount::parse(v, "max_amount", &request.max_amount);
    let filter = Filter {
        statuses: statuses
            .filter_map(|status| kept_status(v.required_enum("statuses", *status)))
            .collect(),
        stages: stages
            .filter_map(|stage| kept_stage(v.required_enum("stages", *stage)))
            .collect(),
        owner_user_id: v.optional_id("owner_user_id", &request.owner_user_id),
        lead_id: v.optional_id("lead_id", &request.lead_id),
        min_hundredths: min_amount.as_ref().map(hundredths),
        max_hundredths: max_amount.as_ref().map(hundredths),
        create_time_after: v.time("create_time_after", request.create_time_after),
        create_time_before: v.time("create_time_before", request.create_time_before),
    };
    violations.finish()?;
    let (filter, page) = (&filter, pager.page);
    let deals = context
        .read_stale(async |conn| store::list(conn, organization_id, filter, page).await)
        .await?;
    let (deals, next_page_token) = pager.finish_by_key(deals, |deal| deal.place(page.order));
    Ok(ListDealsResponse {
        deals: deals.into_iter().map(proto::Deal::from).collect(),
        next_page_token,
    })
}
