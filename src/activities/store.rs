//! Every query on `activities`. Rows are only ever added, and erased. Knows nothing of the
//! wire.

use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    prelude::*,
    sql_query,
    sql_types::{Array, Jsonb, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{Conn, Prepared},
    error::{Error, Result},
    page::Page,
    schema::activities,
};

/// A row of `activities`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = activities, check_for_backend(diesel::pg::Pg))]
pub struct Activity {
    pub id: Uuid,
    pub deal_id: Uuid,
    pub number: i64,
    pub author_user_id: Option<Uuid>,
    pub payload: Payload,
    pub create_time: DateTime<Utc>,
}

/// What happened to a deal, as it is kept. Statuses, stages and amounts are the
/// texts of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromSqlRow)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Payload {
    /// Somebody wrote something.
    Comment { text: String },
    /// The deal was created, perhaps from a contact.
    DealCreated { contact_id: Option<Uuid> },
    /// Its status changed.
    StatusChanged {
        old_status: String,
        new_status: String,
    },
    /// Its stage changed.
    StageChanged {
        old_stage: String,
        new_stage: String,
    },
    /// Its amount or currency changed.
    AmountChanged {
        old_amount: String,
        old_currency: String,
        new_amount: String,
        new_currency: String,
    },
    /// Its owner changed.
    OwnerChanged {
        old_owner_user_id: Option<Uuid>,
        new_owner_user_id: Option<Uuid>,
    },
    /// A task was created.
    TaskCreated { task_id: Uuid, title: String },
    /// A task was done.
    TaskCompleted { task_id: Uuid, title: String },
    /// A task turned out not to be done.
    TaskReopened { task_id: Uuid, title: String },
}

impl FromSql<Jsonb, Pg> for Payload {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let value = FromSql::<Jsonb, Pg>::from_sql(bytes)?;
        Ok(serde_json::from_value(value)?)
    }
}

/// Writes what happened on the timeline of a deal that is locked.
pub async fn record(
    mut conn: &Conn,
    organization_id: Uuid,
    deal_id: Uuid,
    author_user_id: Option<Uuid>,
    payloads: &[Payload],
) -> Result<Vec<Activity>> {
    if payloads.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = payloads.iter().map(|_| Uuid::now_v7()).collect();
    let payloads = payloads
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::internal)?;
    let query = sql_query(
        "INSERT INTO activities
             (organization_id, id, deal_id, number, author_user_id, payload)
         SELECT $1, a.id, $2, coalesce((
                    SELECT number FROM activities
                    WHERE organization_id = $1 AND deal_id = $2
                    ORDER BY number DESC LIMIT 1), 0) + a.place, $3, a.payload
         FROM unnest($4, $5) WITH ORDINALITY AS a (id, payload, place)
         RETURNING id, deal_id, number, author_user_id, payload, create_time",
    )
    .bind::<SqlUuid, _>(organization_id)
    .bind::<SqlUuid, _>(deal_id)
    .bind::<Nullable<SqlUuid>, _>(author_user_id)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Jsonb>, _>(payloads);
    Ok(Prepared(query).get_results(&mut conn).await?)
}

/// A page of a deal's timeline, newest first.
pub async fn list(
    mut conn: &Conn,
    organization_id: Uuid,
    deal_id: Uuid,
    page: Page,
) -> Result<Vec<Activity>> {
    Ok(activities::table
        .filter(activities::organization_id.eq(organization_id))
        .filter(activities::deal_id.eq(deal_id))
        .filter(activities::number.lt(page.after_key.unwrap_or(i64::MAX)))
        .order(activities::number.desc())
        .limit(page.fetch)
        .select(Activity::as_select())
        .load(&mut conn)
        .await?)
}

/// The newest activities of these deals, so many at most.
pub async fn of_deals(
    mut conn: &Conn,
    organization_id: Uuid,
    deal_ids: &[Uuid],
    most: i64,
) -> Result<Vec<Activity>> {
    Ok(activities::table
        .filter(activities::organization_id.eq(organization_id))
        .filter(activities::deal_id.eq_any(deal_ids))
        .order((activities::create_time.desc(), activities::number.desc()))
        .limit(most)
        .select(Activity::as_select())
        .load(&mut conn)
        .await?)
}

/// Replaces what people wrote on the timelines of these deals.
pub async fn erase_of_deals(mut conn: &Conn, deal_ids: &[Uuid], erased: &str) -> Result<()> {
    let query = sql_query("SELECT erase_timelines($1, $2)")
        .bind::<Array<SqlUuid>, _>(deal_ids)
        .bind::<Text, _>(erased);
    Prepared(query).execute(&mut conn).await?;
    Ok(())
}
