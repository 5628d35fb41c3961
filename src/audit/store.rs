//! Every query on `audit_events`.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Event, denial::Denial};
use crate::{
    error::Result,
    ids::{ApiKeyId, UserId},
    platform::{
        db::{Prepared, TenantTx, column},
        grpc::page::{Found, Page, keyset, read_page},
    },
    schema::audit_events,
};

/// A row of `audit_events`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = audit_events, check_for_backend(diesel::pg::Pg))]
pub struct AuditEvent {
    pub id: Uuid,
    pub user_id: Option<UserId>,
    pub api_key_id: Option<ApiKeyId>,
    pub method: String,
    pub resource_ids: Vec<Uuid>,
    pub denied_reason: Option<String>,
    pub denied_count: i64,
    pub create_time: DateTime<Utc>,
}

pub async fn insert_events(tx: &TenantTx, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let events: Vec<_> = events.iter().collect();
    // Arrays of different lengths cannot be sent as one.
    let resource_ids = column(&events, |event| {
        let ids: Vec<_> = event.resource_ids.iter().map(Uuid::to_string).collect();
        format!("{{{}}}", ids.join(","))
    });
    Prepared(
        sql_query(include_str!("insert_events.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<SqlUuid>, _>(column(&events, |event| event.id))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(&events, |event| event.identity.user_id()))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(&events, |event| {
                event.identity.api_key_id()
            }))
            .bind::<Array<Text>, _>(column(&events, Event::action))
            .bind::<Array<Text>, _>(resource_ids),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// Adds to how often something was denied within the hour, in the organization of the
/// transaction.
pub async fn add_denials(tx: &TenantTx, denials: &[(Denial, i64)]) -> Result<()> {
    let denials: Vec<_> = denials.iter().collect();
    Prepared(
        sql_query("SELECT add_denials($1, $2, $3, $4, $5, $6)")
            .bind::<Array<SqlUuid>, _>(column(&denials, |(denial, _)| denial.event_id()))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(&denials, |(d, _)| d.identity.user_id()))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(&denials, |(d, _)| d.identity.api_key_id()))
            .bind::<Array<Text>, _>(column(&denials, |(denial, _)| denial.method))
            .bind::<Array<Text>, _>(column(&denials, |(denial, _)| denial.reason))
            .bind::<Array<BigInt>, _>(column(&denials, |(_, count)| *count)),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

pub async fn list(tx: &TenantTx, page: Page) -> Result<Found<AuditEvent>> {
    let query = |page: Page| {
        let query = audit_events::table
            .filter(audit_events::organization_id.eq(tx.organization_id()))
            .select(AuditEvent::as_select())
            .into_boxed();
        keyset!(query, page, audit_events::id)
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// A page of the events about one thing. It may have been created together with
/// others: then the event is of the millisecond of its id.
pub async fn list_of(tx: &TenantTx, resource_id: Uuid, page: Page) -> Result<Found<AuditEvent>> {
    let (first, last) = same_millisecond(resource_id);
    let query = |page: Page| {
        let (low, high) = page.bounds();
        Prepared(
            sql_query(include_str!("list_of.sql"))
                .bind::<SqlUuid, _>(tx.organization_id())
                .bind::<SqlUuid, _>(resource_id)
                .bind::<SqlUuid, _>(low)
                .bind::<SqlUuid, _>(high)
                .bind::<SqlUuid, _>(first)
                .bind::<SqlUuid, _>(last)
                .bind::<BigInt, _>(page.fetch),
        )
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// The ids of the millisecond this one is of.
fn same_millisecond(id: Uuid) -> (Uuid, Uuid) {
    let (mut first, mut last) = ([0; 16], [0xff; 16]);
    first[..6].copy_from_slice(&id.as_bytes()[..6]);
    last[..6].copy_from_slice(&id.as_bytes()[..6]);
    (Uuid::from_bytes(first), Uuid::from_bytes(last))
}
