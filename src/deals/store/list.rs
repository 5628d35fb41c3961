//! Pages of deals, in every order. An index has a range for each status and stage
//! in the order asked for, and one has a range for each currency, too: each is read as
//! far as the page may need it, then they are merged. So a page costs the same however
//! many deals there are.

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{Query, QueryFragment, QueryId},
    sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{COLUMNS, Deal};
use crate::{
    deals::{DealStage, DealStatus, amount::thousandths},
    error::Result,
    ids::{DealId, LeadId, OrganizationId},
    platform::{
        db::{Prepared, TenantTx},
        grpc::{
            page::{Found, Page, read_page},
            whose::Whose,
        },
    },
};

#[derive(Debug, Default)]
pub struct Filter {
    pub statuses: Vec<DealStatus>,
    pub stages: Vec<DealStage>,
    pub owner: Whose,
    pub lead_id: Option<LeadId>,
    pub currency: Option<String>,
    /// What the title has in it, in any case.
    pub search: Option<String>,
    pub min_thousandths: Option<i64>,
    pub max_thousandths: Option<i64>,
    pub create_time_after: Option<DateTime<Utc>>,
    pub create_time_before: Option<DateTime<Utc>>,
}

/// Where a deal is in an order: the value of its column as a number, and the id.
type SortKey = (i64, Uuid);

impl Deal {
    /// Where it is in this order of a page.
    pub fn sort_key(&self, order: &str) -> SortKey {
        let key = match order {
            "amount" => thousandths(&self.amount),
            "update_time" => self.update_time.timestamp_micros(),
            _ => self.create_time.timestamp_micros(),
        };
        (key, self.id.into())
    }
}

/// A page of deals, each compared with what is searched for, if anything is.
pub async fn list(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Deal>> {
    let query = |page: Page| bind(rows(filter, page), tx.organization_id(), filter, &[], page);
    Ok(read_page!(tx.conn(), page, query))
}

/// A query of [`rows`] or [`of_few`], with all that they refer to.
pub fn bind<'q>(
    sql: String,
    organization_id: OrganizationId,
    filter: &'q Filter,
    ids: &'q [DealId],
    page: Page,
) -> impl Query<SqlType = Untyped> + QueryFragment<Pg> + QueryId + Send + 'q {
    let (low, high) = bounds(filter, page);
    let (statuses, stages): (Vec<_>, Vec<_>) = filter.ranges().unzip();
    let pattern = filter
        .search
        .as_deref()
        .map(crate::platform::db::search::pattern);
    Prepared(
        sql_query(sql)
            .bind::<SqlUuid, _>(organization_id)
            .bind::<BigInt, _>(low.0)
            .bind::<SqlUuid, _>(low.1)
            .bind::<BigInt, _>(high.0)
            .bind::<SqlUuid, _>(high.1)
            .bind::<Timestamptz, _>(time(low.0))
            .bind::<Timestamptz, _>(time(high.0))
            .bind::<BigInt, _>(page.fetch)
            .bind::<Array<Text>, _>(statuses)
            .bind::<Array<Text>, _>(stages)
            .bind::<Nullable<BigInt>, _>(filter.min_thousandths)
            .bind::<Nullable<BigInt>, _>(filter.max_thousandths)
            .bind::<Nullable<Timestamptz>, _>(filter.create_time_after)
            .bind::<Nullable<Timestamptz>, _>(filter.create_time_before)
            .bind::<Nullable<SqlUuid>, _>(filter.owner.user())
            .bind::<Nullable<SqlUuid>, _>(filter.lead_id)
            .bind::<Nullable<Text>, _>(filter.currency.as_deref())
            .bind::<Nullable<Text>, _>(pattern)
            .bind::<Array<SqlUuid>, _>(ids),
    )
}

impl Filter {
    /// The statuses and stages asked for that a deal can have.
    fn ranges(&self) -> impl Iterator<Item = (DealStatus, DealStage)> {
        DealStatus::with_stages().filter(|(status, stage)| {
            (self.statuses.is_empty() || self.statuses.contains(status))
                && (self.stages.is_empty() || self.stages.contains(stage))
        })
    }
}

/// The keys that the page lies between: those of the page, and of what its
/// order is about.
fn bounds(filter: &Filter, page: Page) -> (SortKey, SortKey) {
    let mut low = (i64::MIN, Uuid::nil());
    let mut high = (i64::MAX, Uuid::max());
    match page.order {
        "amount" => {
            low = filter.min_thousandths.map_or(low, |min| (min, Uuid::nil()));
            high = filter
                .max_thousandths
                .map_or(high, |max| (max, Uuid::max()));
        }
        "update_time" => {}
        _ => {
            let first = |time: DateTime<Utc>| (time.timestamp_micros(), Uuid::nil());
            low = filter.create_time_after.map_or(low, first);
            high = filter.create_time_before.map_or(high, first);
        }
    }
    if let Some(after) = page.after_key.zip(page.after) {
        if page.ascending {
            low = low.max(after);
        } else {
            high = high.min(after);
        }
    }
    (low, high)
}

/// The time that this key is, as far as the database has times.
fn time(micros: i64) -> DateTime<Utc> {
    // The years 1 and 9999.
    let micros = micros.clamp(-62_135_596_800_000_000, 253_402_300_799_999_999);
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// What deals are ordered by, and the bounds of it that $2 to $7 are.
fn order(page: Page) -> (&'static str, &'static str, &'static str) {
    match page.order {
        "amount" => ("amount_thousandths", "$2", "$4"),
        "update_time" => ("update_time", "$6", "$7"),
        _ => ("create_time", "$6", "$7"),
    }
}

/// The conditions that merely leave rows out: only those that are asked for, and are not
/// about the order, or the planner would believe that few rows are left and sort them.
fn rest(filter: &Filter, page: Page) -> String {
    let by_amount = page.order == "amount";
    let by_time = !by_amount && page.order != "update_time";
    let conditions = [
        (
            filter.min_thousandths.is_some() && !by_amount,
            "amount_thousandths >= $11",
        ),
        (
            filter.max_thousandths.is_some() && !by_amount,
            "amount_thousandths <= $12",
        ),
        (
            filter.create_time_after.is_some() && !by_time,
            "create_time >= $13",
        ),
        (
            filter.create_time_before.is_some() && !by_time,
            "create_time < $14",
        ),
        (filter.owner.user().is_some(), "owner_user_id = $15"),
        (filter.owner == Whose::Nobody, "owner_user_id IS NULL"),
        (filter.currency.is_some(), "currency = $17"),
    ];
    let asked = conditions.iter().filter(|(asked, _)| *asked);
    let asked = asked.map(|(_, condition)| format!(" AND {condition}"));
    asked.collect()
}

/// Of some deals (`from`, of which `condition` is known) those of a page, found one
/// by one, with their keys in it.
pub fn of_few(from: &str, condition: &str, filter: &Filter, page: Page) -> String {
    let (column, low, high) = order(page);
    let direction = page.direction();
    format!(
        "SELECT {COLUMNS}, {column} AS sort_key FROM {from}
         WHERE organization_id = $1 AND {condition} {rest}
           AND ({column}, id) > ({low}, $3) AND ({column}, id) < ({high}, $5)
           AND EXISTS (SELECT FROM unnest($9, $10) AS r (status, stage)
               WHERE r.status = deals.status AND r.stage = deals.stage)
           AND ($18 IS NULL OR lower(title) LIKE lower($18))
         ORDER BY {column} {direction}, id {direction} LIMIT $8",
        rest = rest(filter, page),
    )
}

/// The first $8 deals of a page, whatever their titles, with their keys in it.
pub fn rows(filter: &Filter, page: Page) -> String {
    if filter.lead_id.is_some() {
        // A lead has few deals.
        return of_few("deals", "lead_id = $16", filter, page);
    }
    let (column, low, high) = order(page);
    let direction = page.direction();
    // What the range of the index begins with. Rows are compared, so that only the index
    // meant for the list fits.
    let first = match (filter.owner, &filter.currency) {
        (Whose::User(_) | Whose::Any, None) | (Whose::User(_), Some(_)) => None,
        (Whose::Nobody, None) => Some(("owner_user_id", None)),
        (Whose::Nobody | Whose::Any, Some(_)) => Some(("currency", Some("$17"))),
    };
    let key = |value: &str| match first {
        Some((_, Some(first))) => format!("{first}, {value}"),
        _ => value.to_owned(),
    };
    let columns = match first {
        Some((first, Some(_))) => format!("{first}, {column}"),
        _ => column.to_owned(),
    };
    let first = first.map_or(String::new(), |(first, _)| format!("{first} {direction}, "));
    format!(
        "SELECT d.* FROM unnest($9, $10) AS r (status, stage), LATERAL (
             SELECT {COLUMNS}, {column} AS sort_key FROM deals
             WHERE organization_id = $1 AND status = r.status AND stage = r.stage {rest}
               AND ({columns}, id) > ({low}, $3) AND ({columns}, id) < ({high}, $5)
             ORDER BY {first}{column} {direction}, id {direction} LIMIT $8) AS d
         ORDER BY d.sort_key {direction}, d.id {direction} LIMIT $8",
        low = key(low),
        high = key(high),
        rest = rest(filter, page),
    )
}
