//! Pages of deals, in every order. An index has a range for each status and stage
//! in the order asked for: each is read as far as the page may need it, then they
//! are merged. So a page costs the same however many deals there are.

use chrono::{DateTime, Utc};
use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{COLUMNS, Deal};
use crate::{
    db::{Conn, Prepared},
    deals::{DealStage, DealStatus, amount::hundredths},
    error::Result,
    page::Page,
};

/// Which deals to list.
#[derive(Debug, Default)]
pub struct Filter {
    pub statuses: Vec<DealStatus>,
    pub stages: Vec<DealStage>,
    pub owner_user_id: Option<Uuid>,
    pub lead_id: Option<Uuid>,
    pub min_hundredths: Option<i64>,
    pub max_hundredths: Option<i64>,
    pub create_time_after: Option<DateTime<Utc>>,
    pub create_time_before: Option<DateTime<Utc>>,
}

/// A place in an order: the value of its column as a number, and the id.
type Place = (i64, Uuid);

impl Deal {
    /// Its place in this order of a page.
    pub fn place(&self, order: &str) -> Place {
        let key = match order {
            "amount" => hundredths(&self.amount),
            "update_time" => self.update_time.timestamp_micros(),
            _ => self.create_time.timestamp_micros(),
        };
        (key, self.id)
    }
}

/// A page of deals.
pub async fn list(
    mut conn: &Conn,
    organization_id: Uuid,
    filter: &Filter,
    page: Page,
) -> Result<Vec<Deal>> {
    let (low, high) = bounds(filter, page);
    let (statuses, stages): (Vec<_>, Vec<_>) = filter.ranges().unzip();
    let query = sql_query(sql(filter, page))
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
        .bind::<Nullable<BigInt>, _>(filter.min_hundredths)
        .bind::<Nullable<BigInt>, _>(filter.max_hundredths)
        .bind::<Nullable<Timestamptz>, _>(filter.create_time_after)
        .bind::<Nullable<Timestamptz>, _>(filter.create_time_before)
        .bind::<Nullable<SqlUuid>, _>(filter.owner_user_id)
        .bind::<Nullable<SqlUuid>, _>(filter.lead_id);
    Ok(Prepared(query).get_results(&mut conn).await?)
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

/// The places that the page lies between: those of the page, and of what its
/// order is about.
fn bounds(filter: &Filter, page: Page) -> (Place, Place) {
    let mut low = (i64::MIN, Uuid::nil());
    let mut high = (i64::MAX, Uuid::max());
    match page.order {
        "amount" => {
            low = filter.min_hundredths.map_or(low, |min| (min, Uuid::nil()));
            high = filter.max_hundredths.map_or(high, |max| (max, Uuid::max()));
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

/// The time at this place, as far as the database has times.
fn time(micros: i64) -> DateTime<Utc> {
    // The years 1 and 9999.
    let micros = micros.clamp(-62_135_596_800_000_000, 253_402_300_799_999_999);
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// The query. Conditions that merely leave rows out, and should not choose an
/// index, begin with a parameter.
fn sql(filter: &Filter, page: Page) -> String {
    let direction = if page.ascending { "ASC" } else { "DESC" };
    let (column, low, high) = match page.order {
        "amount" => ("amount_hundredths", "$2", "$4"),
        "update_time" => ("update_time", "$6", "$7"),
        _ => ("create_time", "$6", "$7"),
    };
    let rest = "($11 IS NULL OR amount_hundredths >= $11)
         AND ($12 IS NULL OR amount_hundredths <= $12)
         AND ($13 IS NULL OR create_time >= $13) AND ($14 IS NULL OR create_time < $14)";
    let order = format!("{column} {direction}, id {direction}");
    if filter.lead_id.is_some() {
        // A lead has few deals.
        return format!(
            "SELECT {COLUMNS} FROM deals
             WHERE organization_id = $1 AND lead_id = $16
               AND ({column}, id) > ({low}, $3) AND ({column}, id) < ({high}, $5) AND {rest}
               AND EXISTS (SELECT FROM unnest($9, $10) AS r (status, stage)
                   WHERE r.status = deals.status AND r.stage = deals.stage)
               AND ($15 IS NULL OR owner_user_id = $15)
             ORDER BY {order} LIMIT $8"
        );
    }
    let owner = match filter.owner_user_id {
        Some(_) => "owner_user_id = $15",
        None => "$15 IS NULL",
    };
    format!(
        "SELECT d.* FROM unnest($9, $10) AS r (status, stage), LATERAL (
             SELECT {COLUMNS}, {column} AS place FROM deals
             WHERE organization_id = $1 AND {owner} AND status = r.status AND stage = r.stage
               AND ({column}, id) > ({low}, $3) AND ({column}, id) < ({high}, $5) AND {rest}
             ORDER BY {order} LIMIT $8) AS d
         ORDER BY d.place {direction}, d.id {direction} LIMIT $8"
    )
}
