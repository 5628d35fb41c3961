//! `DealService.ListDeals`.

use crate::{
    call::Context,
    deals::{
        amount::{self, thousandths},
        store::{self, Filter},
    },
    error::Result,
    platform::grpc::{
        page::Pager,
        validate::{MAX_NAME, Violations},
        whose::Whose,
    },
    proto::{self, ListDealsRequest, ListDealsResponse},
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
            .filter_map(|status| {
                v.required_enum::<proto::DealStatus>("statuses", *status)
                    .into()
            })
            .collect(),
        stages: stages
            .filter_map(|stage| v.required_enum::<proto::DealStage>("stages", *stage).into())
            .collect(),
        owner: Whose::parse(
            v,
            ("owner_user_id", &request.owner_user_id),
            ("without_owner", request.without_owner),
        ),
        lead_id: v.optional_id("lead_id", &request.lead_id),
        min_thousandths: min_amount.as_ref().map(thousandths),
        max_thousandths: max_amount.as_ref().map(thousandths),
        currency: Some(&request.currency)
            .filter(|currency| !currency.is_empty())
            .map(|currency| v.known_currency("currency", currency)),
        search: v.optional_line("search", &request.search, MAX_NAME),
        create_time_after: v.time("create_time_after", request.create_time_after),
        create_time_before: v.time("create_time_before", request.create_time_before),
    };
    violations.finish()?;
    let (filter, page) = (&filter, pager.page);
    let deals = context
        .read_stale(async |tx| store::list(tx, filter, page).await)
        .await?;
    let page = pager.finish(deals, |deal| deal.sort_key(page.order), proto::Deal::from);
    Ok(ListDealsResponse {
        deals: page.items,
        next_page_token: page.next_page_token,
        total_size: page.total.size,
        total_size_is_lower_bound: page.total.is_lower_bound,
    })
}
