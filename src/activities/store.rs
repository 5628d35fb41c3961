//! Every query on `activities`. Rows are only ever added, and erased. Knows nothing of the
//! wire.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    ids::{ActivityId, ContactId, DealId, LeadId, TaskId, UserId},
    model::deal::{DealStage, DealStatus},
    platform::{
        db::{Prepared, TenantTx, column},
        grpc::page::{Found, Page, read_page},
    },
    schema::activities,
};

/// A row of `activities`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = activities, check_for_backend(diesel::pg::Pg))]
pub struct Activity {
    pub id: ActivityId,
    pub deal_id: DealId,
    pub number: i64,
    pub author_user_id: Option<UserId>,
    pub payload: Payload,
    pub create_time: DateTime<Utc>,
}

/// What happened to a deal, as it is kept. Amounts and days are the texts of the
/// database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromSqlRow)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Payload {
    /// Somebody wrote something.
    Comment { text: String },
    /// The deal was created, perhaps from a contact.
    DealCreated { contact_id: Option<ContactId> },
    /// Its status changed.
    StatusChanged {
        old_status: DealStatus,
        new_status: DealStatus,
    },
    /// Its stage changed.
    StageChanged {
        old_stage: DealStage,
        new_stage: DealStage,
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
        old_owner_user_id: Option<UserId>,
        new_owner_user_id: Option<UserId>,
    },
    /// A task was created.
    TaskCreated(TaskFacts),
    /// A task was done.
    TaskCompleted(TaskFacts),
    /// A task turned out not to be done.
    TaskReopened(TaskFacts),
    /// A task was deleted.
    TaskDeleted(TaskFacts),
    /// The day that a task is due by changed.
    TaskDueDateChanged {
        task_id: TaskId,
        title: String,
        old_due_date: Option<String>,
        new_due_date: Option<String>,
    },
}

/// What a timeline says of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFacts {
    pub task_id: TaskId,
    pub title: String,
    /// When it was due. The version before did not say.
    #[serde(default)]
    pub due_date: Option<String>,
}

impl Payload {
    /// Kinds that the version before does not know say by a second key what they are. To
    /// that version they are a task that was reopened; a later one writes the type alone.
    const SINCE: &str = "since";

    fn to_json(&self) -> Result<Value> {
        let mut value = serde_json::to_value(self).map_err(Error::internal)?;
        if matches!(self, Self::TaskDeleted(_) | Self::TaskDueDateChanged { .. })
            && let Some(kind) = value.get("type").cloned()
        {
            value[Self::SINCE] = kind;
            value["type"] = "TASK_REOPENED".into();
        }
        Ok(value)
    }

    fn from_json(mut value: Value) -> serde_json::Result<Self> {
        if let Some(kind) = value.get(Self::SINCE).cloned() {
            value["type"] = kind;
        }
        serde_json::from_value(value)
    }
}

impl FromSql<Jsonb, Pg> for Payload {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let value = FromSql::<Jsonb, Pg>::from_sql(bytes)?;
        Ok(Self::from_json(value)?)
    }
}

/// What is to be written on the timeline of a deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub deal_id: DealId,
    pub author_user_id: Option<UserId>,
    pub payload: Payload,
}

/// Writes on the timelines of deals that are locked, in this order on each.
pub async fn write_entries(tx: &TenantTx, entries: &[Entry]) -> Result<Vec<Activity>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = entries.iter().collect();
    let mut written: HashMap<DealId, i64> = HashMap::new();
    let mut ordinal = |entry: &Entry| {
        let ordinal = written.entry(entry.deal_id).or_default();
        *ordinal += 1;
        *ordinal
    };
    let ordinals: Vec<_> = entries.iter().map(&mut ordinal).collect();
    let payloads = entries
        .iter()
        .map(|entry| entry.payload.to_json())
        .collect::<Result<Vec<_>>>()?;
    let query = sql_query(include_str!("write_entries.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<SqlUuid>, _>(column(&rows, |_| ActivityId::generate()))
        .bind::<Array<SqlUuid>, _>(column(&rows, |entry| entry.deal_id))
        .bind::<Array<BigInt>, _>(ordinals)
        .bind::<Array<Nullable<SqlUuid>>, _>(column(&rows, |entry| entry.author_user_id))
        .bind::<Array<Jsonb>, _>(payloads);
    Ok(Prepared(query).get_results(&mut tx.conn()).await?)
}

/// How long what somebody wrote is; all else is short.
const TEXTS: &str = "coalesce(octet_length(payload ->> 'text'), 0)";

/// A page of a deal's timeline, newest first, as far as an answer has room.
pub async fn list(tx: &TenantTx, deal_id: DealId, page: Page) -> Result<Found<Activity>> {
    let query = |page: Page| {
        let rows = "SELECT id, deal_id, number, author_user_id, payload, create_time
             FROM activities WHERE organization_id = $1 AND deal_id = $2 AND number < $3
             ORDER BY number DESC LIMIT $4";
        let query = sql_query(page.bounded(rows, "*", TEXTS, "number DESC"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<SqlUuid, _>(deal_id)
            .bind::<BigInt, _>(page.after_key.unwrap_or(i64::MAX))
            .bind::<BigInt, _>(page.fetch);
        Prepared(query)
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// A page of the timelines of a lead's deals, newest first, as far as an answer has
/// room.
pub async fn of_lead(tx: &TenantTx, lead_id: LeadId, page: Page) -> Result<Vec<Activity>> {
    let rows = "SELECT a.id, a.deal_id, a.number, a.author_user_id, a.payload, a.create_time
         FROM deals AS d, LATERAL (
             SELECT * FROM activities
             WHERE organization_id = $1 AND deal_id = d.id AND id < $3 OFFSET 0) AS a
         WHERE d.organization_id = $1 AND d.lead_id = $2
         ORDER BY a.id DESC LIMIT $4";
    let query = sql_query(page.bounded(rows, "*", TEXTS, "id DESC"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<SqlUuid, _>(lead_id)
        .bind::<SqlUuid, _>(page.bounds().1)
        .bind::<BigInt, _>(page.fetch);
    Ok(Prepared(query).get_results(&mut tx.conn()).await?)
}

/// Replaces what people wrote on the timelines of these deals.
pub async fn erase_of_deals(tx: &TenantTx, deal_ids: &[DealId], erased: &str) -> Result<()> {
    let query = sql_query("SELECT erase_timelines($1, $2)")
        .bind::<Array<SqlUuid>, _>(deal_ids)
        .bind::<Text, _>(erased);
    Prepared(query).execute(&mut tx.conn()).await?;
    Ok(())
}
