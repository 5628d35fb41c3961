//! Pages of tasks, in both orders. An index has all of an organization's tasks, or
//! an assignee's, or the open ones of these, in the order asked for. Those due
//! within limits are in the order of their days: to list them as they were created,
//! each day is read as far as the page may need it, then the days are merged. So a
//! page costs the same however many tasks there are.

use chrono::{Datelike, NaiveDate};
use diesel::{
    sql_query,
    sql_types::{BigInt, Date, Nullable, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Task;
use crate::{
    error::Result,
    ids::{DealId, TaskId},
    platform::{
        db::{Prepared, TenantTx},
        grpc::{
            page::{Found, Page, read_page},
            whose::Whose,
        },
    },
};

/// The order of the days that tasks are due by.
const BY_DAY: &str = "due_date";
/// A day before all that tasks are due by.
const FIRST: NaiveDate = day(0);
/// The `due_order` of tasks that are not due by any day.
const NEVER: NaiveDate = day(10_000);
/// A day after all others.
const LAST: NaiveDate = day(10_001);

/// Which tasks to list. The days are those before and after which they are due.
#[derive(Debug, Clone)]
pub struct Filter {
    pub deal_id: Option<DealId>,
    pub assignee: Whose,
    pub only_open: bool,
    pub due_before: Option<NaiveDate>,
    pub due_after: Option<NaiveDate>,
}

impl Task {
    /// Where it is in this order of a page.
    pub fn sort_key(&self, order: &str) -> (i64, TaskId) {
        let key = match order {
            BY_DAY => self.due_date.unwrap_or(NEVER).num_days_from_ce().into(),
            _ => self.create_time.timestamp_micros(),
        };
        (key, self.id)
    }
}

pub async fn list(tx: &TenantTx, filter: &Filter, page: Page) -> Result<Found<Task>> {
    let query = |page: Page| {
        // Days need not be merged to be counted.
        let order = if page.counts { BY_DAY } else { page.order };
        let page = Page { order, ..page };
        let (low, high) = bounds(filter, page);
        let query = sql_query(sql(filter, page))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Date, _>(low.0)
            .bind::<SqlUuid, _>(low.1)
            .bind::<Date, _>(high.0)
            .bind::<SqlUuid, _>(high.1)
            .bind::<BigInt, _>(page.fetch)
            .bind::<Nullable<SqlUuid>, _>(filter.deal_id)
            .bind::<Nullable<SqlUuid>, _>(filter.assignee.user());
        Prepared(query)
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// What the page lies between: in the order of due dates two keys in it, else
/// two days and, by themselves, two ids.
fn bounds(filter: &Filter, page: Page) -> ((NaiveDate, Uuid), (NaiveDate, Uuid)) {
    let low = filter.due_after.unwrap_or(FIRST);
    // What is due after a day is due.
    let end = filter.due_after.map_or(LAST, |_| NEVER);
    let high = filter.due_before.unwrap_or(end);
    if page.order != BY_DAY {
        let (after, before) = page.bounds();
        return ((low, after), (high, before));
    }
    let (low, high) = ((low, Uuid::max()), (high, Uuid::nil()));
    let after = page.after_key.zip(page.after).map(|(key, id)| {
        let date = i32::try_from(key).ok();
        let date = date.and_then(NaiveDate::from_num_days_from_ce_opt);
        (date.unwrap_or(NEVER).clamp(FIRST, LAST), id)
    });
    match after {
        Some(after) if page.ascending => (low.max(after), high),
        Some(after) => (low, high.min(after)),
        None => (low, high),
    }
}

/// The query: the tasks of a page, as far as an answer has room for their texts.
fn sql(filter: &Filter, page: Page) -> String {
    let direction = page.direction();
    let order = if page.order == BY_DAY {
        format!("due_order {direction}, id {direction}")
    } else {
        format!("id {direction}")
    };
    let rows = rows(filter, page, &order);
    page.bounded(
        &rows,
        "*",
        "octet_length(title) + octet_length(description)",
        &order,
    )
}

fn rows(filter: &Filter, page: Page, order: &str) -> String {
    let direction = page.direction();
    let within_days = filter.due_before.is_some() || filter.due_after.is_some();
    let by_day = page.order == BY_DAY;
    let open = if filter.only_open {
        "done_time IS NULL"
    } else {
        "true"
    };
    let assignee = match filter.assignee {
        Whose::User(_) => "assignee_user_id = $8",
        Whose::Nobody => "assignee_user_id IS NULL",
        Whose::Any => "true",
    };
    if filter.deal_id.is_some() {
        // A deal has few tasks.
        let range = if by_day {
            "(due_order, id) > ($2, $3) AND (due_order, id) < ($4, $5)"
        } else {
            "due_order > $2 AND due_order < $4 AND id > $3 AND id < $5"
        };
        return format!(
            "SELECT * FROM (
                 SELECT * FROM tasks WHERE organization_id = $1 AND deal_id = $7 OFFSET 0) AS t
             WHERE {open} AND {assignee} AND {range} ORDER BY {order} LIMIT $6"
        );
    }
    // Each index of what nobody has begins with a number of its own: rows are compared, so
    // that no other one fits.
    let (key, value, first) = match filter.assignee {
        Whose::Nobody => {
            let number = match (filter.only_open, by_day || within_days) {
                (false, false) => 1,
                (false, true) => 2,
                (true, false) => 3,
                (true, true) => 4,
            };
            let key = format!("CASE WHEN assignee_user_id IS NULL THEN {number} END");
            let first = format!("{key} {direction}, ");
            (format!("{key}, "), format!("{number}, "), first)
        }
        Whose::User(_) | Whose::Any => Default::default(),
    };
    let of = format!("organization_id = $1 AND {assignee} AND {open}");
    if by_day || !within_days {
        let (column, low, high) = if by_day {
            ("due_order, ", "$2, ", "$4, ")
        } else {
            ("", "", "")
        };
        return format!(
            "SELECT * FROM tasks
             WHERE {of} AND ({key}{column}id) > ({value}{low}$3)
               AND ({key}{column}id) < ({value}{high}$5)
             ORDER BY {first}{order} LIMIT $6"
        );
    }
    // From each day that tasks are due by to the next one.
    let next = |day: &str| {
        format!(
            "(SELECT due_order FROM tasks
              WHERE {of} AND ({key}due_order) > ({value}{day}) AND ({key}due_order) < ({value}$4)
              ORDER BY {key}due_order LIMIT 1)"
        )
    };
    format!(
        "WITH RECURSIVE days (day) AS (
             SELECT {first_day} UNION ALL SELECT {next_day} FROM days WHERE day IS NOT NULL)
         SELECT t.* FROM days, LATERAL (
             SELECT * FROM tasks
             WHERE {of} AND ({key}due_order, id) > ({value}day, $3)
               AND ({key}due_order, id) < ({value}day, $5)
             ORDER BY {first}due_order {direction}, {order} LIMIT $6) AS t
         ORDER BY {order} LIMIT $6",
        first_day = next("$2"),
        next_day = next("days.day"),
    )
}

/// The first day of a year.
const fn day(year: i32) -> NaiveDate {
    match NaiveDate::from_yo_opt(year, 1) {
        Some(date) => date,
        None => NaiveDate::MAX,
    }
}
