//! Searching deals for a title, in work that is bounded whatever the title and however
//! many deals there are. Text that few have is looked up in an index of trigrams; text
//! that many have, or that the index does not tell from others, is found by walking
//! through deals in the order of the page, as far as a limit. If the page is not full
//! there, the next one goes on from there.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::RunQueryDsl;

use super::{
    Deal,
    list::{self, Filter, bind, of_few, rows},
};
use crate::{
    error::Result,
    ids::DealId,
    platform::{
        db::{
            Prepared, TenantTx,
            search::{LOOK_UP, Row, Walked, has_trigrams, pattern},
        },
        grpc::page::{Found, Page, Total, read_page},
    },
};

/// How many deals are walked through at most in one call.
const WALK: i64 = 10_000;

/// A deal that has the text, or that the walk ended at.
#[derive(Debug, QueryableByName)]
struct Hit {
    #[diesel(embed)]
    deal: Deal,
    #[diesel(sql_type = Bool)]
    found: bool,
    /// Whether the walk ended here.
    #[diesel(sql_type = Bool)]
    last: bool,
}

/// A page of deals. Those of a lead are few: they are searched one by one.
pub async fn list(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Deal>> {
    match &filter.search {
        Some(text) if filter.lead_id.is_none() => search(tx, filter, text, page).await,
        _ => list::list(tx, filter, page).await,
    }
}

/// A page of the deals that have this text in their titles.
async fn search(tx: &TenantTx, filter: &Filter, text: &str, page: Page) -> Result<Found<Deal>> {
    if has_trigrams(text)
        && let Some(ids) = look_up(tx, text).await?
    {
        const FROM: &str = "unnest($19) AS found (found_id), LATERAL (
             SELECT * FROM deals WHERE organization_id = $1 AND id = found_id LIMIT 1) AS deals";
        let query = |page: Page| {
            let sql = of_few(FROM, "true", filter, page);
            bind(sql, tx.organization_id(), filter, &ids, page)
        };
        return Ok(read_page!(tx.conn(), page, query));
    }
    walk(tx, filter, page).await
}

/// The ids of the deals with the text, past row-level security; none if too many have it.
async fn look_up(tx: &TenantTx, text: &str) -> Result<Option<Vec<DealId>>> {
    let query = sql_query("SELECT id FROM search_deals($1, $2) AS s (id)")
        .bind::<Text, _>(pattern(text))
        .bind::<BigInt, _>(LOOK_UP);
    let found: Vec<Row<_>> = Prepared(query).get_results(&mut tx.conn()).await?;
    let few = i64::try_from(found.len()).is_ok_and(|found| found < LOOK_UP);
    Ok(few.then(|| found.iter().map(|row| row.id).collect()))
}

async fn walk(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Deal>> {
    let walked = |page: Page| {
        format!(
            "SELECT walked.*, lower(title) LIKE lower($18) AS found,
                    row_number() OVER (ORDER BY sort_key {direction}, id {direction}) = $8 AS last
             FROM ({rows}) AS walked",
            direction = page.direction(),
            rows = rows(filter, page)
        )
    };
    let query = |sql, page: Page| {
        let whole = Page {
            fetch: WALK,
            ..page
        };
        bind(sql, tx.organization_id(), filter, &[], whole)
    };
    let sql = format!(
        "SELECT * FROM ({walked}) AS walked WHERE found OR last
         ORDER BY sort_key {direction}, id {direction} LIMIT {fetch}",
        walked = walked(page),
        direction = page.direction(),
        fetch = page.fetch
    );
    let hits: Vec<Hit> = query(sql, page).get_results(&mut tx.conn()).await?;
    let full = i64::try_from(hits.iter().filter(|hit| hit.found).count());
    let full = full.is_ok_and(|found| found == page.fetch);
    let end = hits.last().filter(|hit| hit.last && !full);
    let stopped_at = end.map(|hit| hit.deal.sort_key(page.order).into());
    let total = if page.total {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE found) AS found,
                    coalesce(bool_or(last), false) AS stopped
             FROM ({}) AS walked",
            walked(page.whole())
        );
        let counted: Walked = query(sql, page.whole()).get_result(&mut tx.conn()).await?;
        counted.into()
    } else {
        Total::default()
    };
    let hits = hits.into_iter().filter(|hit| hit.found);
    Ok(Found {
        rows: hits.map(|hit| hit.deal).collect(),
        stopped_at,
        total,
    })
}
