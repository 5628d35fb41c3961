//! Every query on `deals`; the lists are beside it.
//! Knows nothing of the wire.

mod list;
mod search;

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    dsl::now,
    pg::{Pg, PgValue},
    prelude::*,
    result::Error as DieselError,
    sql_query,
    sql_types::{BigInt, Nullable, Numeric, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
pub use list::Filter;
pub use search::list;

use super::{DealStage, DealStatus};
use crate::{
    error::{Error, Resource, Result, violated_key},
    ids::{ContactId, DealId, LeadId, UserId},
    model::change::DealFacts,
    platform::{
        db::{Prepared, TenantTx},
        grpc::page::{Page, keyset},
    },
    schema::deals,
};

const COLUMNS: &str = "id, lead_id, contact_id, owner_user_id, title, amount_thousandths, currency, \
     status, stage, reached_stage, revision, create_time, update_time, close_time";

/// An amount as it is read.
#[derive(Debug, FromSqlRow)]
pub struct Thousandths(i64);

impl FromSql<BigInt, Pg> for Thousandths {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<BigInt, Pg>::from_sql(bytes).map(Self)
    }
}

impl From<Thousandths> for BigDecimal {
    fn from(amount: Thousandths) -> Self {
        Self::new(amount.0.into(), 3)
    }
}

/// A row of `deals`.
#[derive(Debug, Clone, PartialEq, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = deals, check_for_backend(diesel::pg::Pg))]
pub struct Deal {
    pub id: DealId,
    pub lead_id: LeadId,
    pub contact_id: Option<ContactId>,
    pub owner_user_id: Option<UserId>,
    pub title: String,
    #[diesel(column_name = amount_thousandths, deserialize_as = Thousandths)]
    pub amount: BigDecimal,
    pub currency: String,
    pub status: DealStatus,
    pub stage: DealStage,
    pub reached_stage: DealStage,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub close_time: Option<DateTime<Utc>>,
}

impl From<&Deal> for DealFacts {
    fn from(deal: &Deal) -> Self {
        Self {
            id: deal.id,
            contact_id: deal.contact_id,
            owner_user_id: deal.owner_user_id,
            amount: deal.amount.clone(),
            currency: deal.currency.clone(),
            status: deal.status,
            stage: deal.stage,
            reached_stage: deal.reached_stage,
            create_time: deal.create_time,
        }
    }
}

/// The fields of a deal that callers set.
#[derive(Debug, Clone, PartialEq)]
pub struct DealFields {
    pub contact_id: Option<ContactId>,
    pub owner_user_id: Option<UserId>,
    pub title: String,
    pub amount: BigDecimal,
    pub currency: String,
    pub status: DealStatus,
    pub stage: DealStage,
    pub reached_stage: DealStage,
}

impl From<&Deal> for DealFields {
    fn from(deal: &Deal) -> Self {
        Self {
            contact_id: deal.contact_id,
            owner_user_id: deal.owner_user_id,
            title: deal.title.clone(),
            amount: deal.amount.clone(),
            currency: deal.currency.clone(),
            status: deal.status,
            stage: deal.stage,
            reached_stage: deal.reached_stage,
        }
    }
}

pub async fn find(tx: &TenantTx, id: DealId) -> Result<Deal> {
    deals::table
        .find((tx.organization_id(), id))
        .select(Deal::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Deal, id))
}

pub async fn lock(tx: &TenantTx, id: DealId) -> Result<Deal> {
    deals::table
        .find((tx.organization_id(), id))
        .select(Deal::as_select())
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Deal, id))
}

/// Locks deals of an owner, so many at most, in the order of their ids.
pub async fn lock_owned(tx: &TenantTx, owner_user_id: UserId, most: i64) -> Result<Vec<Deal>> {
    Ok(deals::table
        .filter(deals::organization_id.eq(tx.organization_id()))
        .filter(deals::owner_user_id.eq(owner_user_id))
        .order(deals::id)
        .limit(most)
        .select(Deal::as_select())
        .for_no_key_update()
        .load(&mut tx.conn())
        .await?)
}

/// Gives deals that are locked to another owner; returns what they are then.
pub async fn set_owner(tx: &TenantTx, ids: &[DealId], owner_user_id: UserId) -> Result<Vec<Deal>> {
    Ok(diesel::update(deals::table)
        .filter(deals::organization_id.eq(tx.organization_id()))
        .filter(deals::id.eq_any(ids))
        .set((
            deals::owner_user_id.eq(owner_user_id),
            deals::revision.eq(deals::revision + 1),
            deals::update_time.eq(now),
        ))
        .returning(Deal::as_select())
        .get_results(&mut tx.conn())
        .await?)
}

/// Inserts a deal with this lead and id.
pub async fn insert(
    tx: &TenantTx,
    id: DealId,
    lead_id: LeadId,
    fields: &DealFields,
) -> Result<Deal> {
    let query = sql_query(format!(
        "INSERT INTO deals (organization_id, id, lead_id, contact_id, owner_user_id, title,
             amount, amount_exact, currency, status, stage, reached_stage, close_time)
         VALUES ($1, $2, $3, $4, $5, $6, trunc($7, 2), $7, $8, $9, $10, $11,
             CASE WHEN $10 = 'CLOSED' THEN now() END)
         RETURNING {COLUMNS}"
    ))
    .bind::<SqlUuid, _>(tx.organization_id())
    .bind::<SqlUuid, _>(id)
    .bind::<SqlUuid, _>(lead_id)
    .bind::<Nullable<SqlUuid>, _>(fields.contact_id)
    .bind::<Nullable<SqlUuid>, _>(fields.owner_user_id)
    .bind::<Text, _>(&fields.title)
    .bind::<Numeric, _>(&fields.amount)
    .bind::<Text, _>(&fields.currency)
    .bind::<Text, _>(fields.status)
    .bind::<Text, _>(fields.stage)
    .bind::<Text, _>(fields.reached_stage);
    Prepared(query)
        .get_result(&mut tx.conn())
        .await
        .map_err(|error| missing(error, lead_id, fields))
}

/// A page of the deals of a lead, in the order of their ids.
pub async fn of_lead(tx: &TenantTx, lead_id: LeadId, page: Page) -> Result<Vec<Deal>> {
    let query = deals::table
        .filter(deals::organization_id.eq(tx.organization_id()))
        .filter(deals::lead_id.eq(lead_id))
        .select(Deal::as_select())
        .into_boxed();
    Ok(keyset!(query, page, deals::id).load(&mut tx.conn()).await?)
}

/// Changes a deal that is locked.
pub async fn update(tx: &TenantTx, deal: &Deal, fields: &DealFields) -> Result<Deal> {
    let query = sql_query(format!(
        "UPDATE deals
         SET contact_id = $3, owner_user_id = $4, title = $5,
             amount = trunc($6, 2), amount_exact = $6, currency = $7, status = $8, stage = $9, reached_stage = $10, revision = revision + 1,
             update_time = now(),
             close_time = CASE WHEN $9 = 'CLOSED' THEN coalesce(close_time, now()) END
         WHERE organization_id = $1 AND id = $2
         RETURNING {COLUMNS}"
    ))
    .bind::<SqlUuid, _>(tx.organization_id())
    .bind::<SqlUuid, _>(deal.id)
    .bind::<Nullable<SqlUuid>, _>(fields.contact_id)
    .bind::<Nullable<SqlUuid>, _>(fields.owner_user_id)
    .bind::<Text, _>(&fields.title)
    .bind::<Numeric, _>(&fields.amount)
    .bind::<Text, _>(&fields.currency)
    .bind::<Text, _>(fields.status)
    .bind::<Text, _>(fields.stage)
    .bind::<Text, _>(fields.reached_stage);
    Prepared(query)
        .get_result(&mut tx.conn())
        .await
        .map_err(|error| missing(error, deal.lead_id, fields))
}

/// Deletes a deal that is locked, with its tasks and its timeline.
pub async fn delete(tx: &TenantTx, id: DealId) -> Result<()> {
    diesel::delete(deals::table.find((tx.organization_id(), id)))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Replaces the titles of the deals of a lead that is locked; their ids.
pub async fn erase_of_lead(tx: &TenantTx, lead_id: LeadId, erased: &str) -> Result<Vec<DealId>> {
    Ok(diesel::update(deals::table)
        .filter(deals::organization_id.eq(tx.organization_id()))
        .filter(deals::lead_id.eq(lead_id))
        .set((
            deals::title.eq(erased),
            deals::revision.eq(deals::revision + 1),
            deals::update_time.eq(now),
        ))
        .returning(deals::id)
        .get_results(&mut tx.conn())
        .await?)
}

/// What a deal refers to may have been deleted meanwhile.
fn missing(error: DieselError, lead_id: LeadId, fields: &DealFields) -> Error {
    match violated_key(&error) {
        Some("deals_lead_fkey") => Error::not_found(Resource::Lead, lead_id),
        Some("deals_contact_fkey") => {
            Error::not_found(Resource::Contact, fields.contact_id.unwrap_or_default())
        }
        _ => error.into(),
    }
}
