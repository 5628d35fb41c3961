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
    db::{Conn, Prepared},
    error::Result,
    page::Page,
};

/// A day before all that tasks are due by.
const FIRST: NaiveDate = day(0);
/// The `due_order` of tasks that are not due by any day.
const NEVER: NaiveDate = day(10_000);
/// A day after all others.
const LAST: NaiveDate = day(10_001);

/// Which tasks to list. The days are those before and after which they are due.
#[derive(Debug, Clone)]
pub struct Filter {
    pub deal_id: Option<Uuid>,
    pub assignee_user_id: Option<Uuid>,
    pub only_open: bool,
    pub due_before: Option<NaiveDate>,
    pub due_after: Option<NaiveDate>,
}

impl Task {
    /// Its place in this order of a page.
    pub fn place(&self, order: &str) -> (i64, Uuid) {
        let key = match order {
            "due_date" => self.due_date.unwrap_or(NEVER).num_days_from_ce().into(),
            _ => self.create_time.timestamp_micros(),
        };
        (key, self.id)
    }
}

/// A page of tasks.
pub async fn list(
    mut conn: &Conn,
    organization_id: Uuid,
    filter: &Filter,
    page: Page,
) -> Result<Vec<Task>> {
    let (low, high) = bounds(filter, page);
    let query = sql_query(sql(filter, page))
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Date, _>(low.0)
        .bind::<SqlUuid, _>(low.1)
        .bind::<Date, _>(high.0)
        .bind::<SqlUuid, _>(high.1)
        .bind::<BigInt, _>(page.fetch)
        .bind::<Nullable<SqlUuid>, _>(filter.deal_id)
        .bind::<Nullable<SqlUuid>, _>(filter.assignee_user_id);
    Ok(Prepared(query).get_results(&mut conn).await?)
}

/// What the page lies between: in the order of due dates two places in it, else
/// two days and, by themselves, two ids.
fn bounds(filter: &Filter, page: Page) -> ((NaiveDate, Uuid), (NaiveDate, Uuid)) {
    let low = filter.due_after.unwrap_or(FIRST);
    // What is due after a day is due.
    let end = filter.due_after.map_or(LAST, |_| NEVER);
    let high = filter.due_before.unwrap_or(end);
    if page.order != "due_date" {
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

/// The query.
fn sql(filter: &Filter, page: Page) -> String {
    let direction = if page.ascending { "ASC" } else { "DESC" };
    let within_days = filter.due_before.is_some() || filter.due_after.is_some();
    let by_day = page.order == "due_date";
    let (places, order) = if by_day {
        (
            "(due_order, id) > ($2, $3) AND (due_order, id) < ($4, $5)",
            format!("due_order {direction}, id {direction}"),
        )
    } else {
        ("id > $3 AND id < $5", format!("id {direction}"))
    };
    let open = if filter.only_open {
        "done_time IS NULL"
    } else {
        "true"
    };
    if filter.deal_id.is_some() {
        // A deal has few tasks.
        let days = if by_day {
            "true"
        } else {
            "due_order > $2 AND due_order < $4"
        };
        return format!(
            "SELECT * FROM (
                 SELECT * FROM tasks WHERE organization_id = $1 AND deal_id = $7 OFFSET 0) AS t
             WHERE {open} AND ($8 IS NULL OR assignee_user_id = $8) AND {days} AND {places}
             ORDER BY {order} LIMIT $6"
        );
    }
    let assignee = match filter.assignee_user_id {
        Some(_) => "assignee_user_id = $8",
        None => "true",
    };
    let of = format!("organization_id = $1 AND {assignee} AND {open}");
    if by_day || !within_days {
        return format!("SELECT * FROM tasks WHERE {of} AND {places} ORDER BY {order} LIMIT $6");
    }
    // From each day that tasks are due by to the next one.
    let next = |day: &str| {
        format!(
            "(SELECT due_order FROM tasks WHERE {of} AND due_order > {day} AND due_order < $4
              ORDER BY due_order LIMIT 1)"
        )
    };
    format!(
        "WITH RECURSIVE days (day) AS (
             SELECT {first} UNION ALL SELECT {next} FROM days WHERE day IS NOT NULL)
         SELECT t.* FROM days, LATERAL (
             SELECT * FROM tasks WHERE {of} AND due_order = day AND {places}
             ORDER BY {order} LIMIT $6) AS t
         ORDER BY {order} LIMIT $6",
        first = next("$2"),
        next = next("days.day"),
    )
}

/// The first day of a year.
const fn day(year: i32) -> NaiveDate {
    match NaiveDate::from_yo_opt(year, 1) {
        Some(date) => date,
        None => NaiveDate::MAX,
    }
}
