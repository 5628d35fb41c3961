//! The queries that insert or change a batch of contacts: one statement each,
//! whatever the size of the batch.

use diesel::{
    sql_query,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{Contact, assignments::Assignment};
use crate::{
    dispatch::BacklogReason,
    error::Result,
    ids::ContactId,
    platform::db::{Prepared, TenantTx, column},
};

/// Inserts new contacts, each with the decision about it, at the same index.
pub async fn insert_all(
    tx: &TenantTx,
    contacts: &[&Contact],
    decisions: &[&Assignment],
) -> Result<()> {
    let Some(first) = contacts.first() else {
        return Ok(());
    };
    Prepared(
        sql_query(include_str!("insert_all.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Timestamptz, _>(first.create_time)
            .bind::<Array<SqlUuid>, _>(column(contacts, |contact| contact.id))
            .bind::<Array<SqlUuid>, _>(column(contacts, |contact| contact.lead_id))
            .bind::<Array<SqlUuid>, _>(column(contacts, |contact| contact.source_id))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(contacts, |contact| contact.operator_id))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(contacts, |contact| contact.pool_id))
            .bind::<Array<Text>, _>(column(contacts, |contact| contact.message.as_str()))
            .bind::<Array<Nullable<Text>>, _>(column(contacts, |contact| {
                contact.backlog_reason.map(BacklogReason::as_str)
            }))
            .bind::<Array<SqlUuid>, _>(column(decisions, |decision| decision.id))
            .bind::<Array<Text>, _>(column(decisions, |decision| decision.kind.as_str()))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(decisions, |decision| decision.pool_id))
            .bind::<Array<Nullable<BigInt>>, _>(column(decisions, |decision| decision.draw)),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// Those of these contacts that exist.
pub async fn find_all(tx: &TenantTx, ids: &[ContactId]) -> Result<Vec<Contact>> {
    select(tx, ids, "").await
}

/// Those of these contacts that exist, locked in the order of their ids.
pub async fn lock_all(tx: &TenantTx, ids: &[ContactId]) -> Result<Vec<Contact>> {
    select(tx, ids, "FOR NO KEY UPDATE").await
}

/// (Why LATERAL: see `docs/decisions/generic-plans.md#forms`.)
async fn select(tx: &TenantTx, ids: &[ContactId], lock: &str) -> Result<Vec<Contact>> {
    Ok(Prepared(
        sql_query(format!(
            "SELECT c.* FROM (SELECT id FROM unnest($2) AS i (id) ORDER BY id) AS i, LATERAL (
                 SELECT id, lead_id, source_id, operator_id, pool_id, status, message,
                        backlog_reason, revision, create_time, update_time, assign_time, close_time
                 FROM contacts
                 WHERE organization_id = $1 AND id = i.id
                 LIMIT 1 {lock}) AS c"
        ))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<SqlUuid>, _>(ids),
    )
    .get_results(&mut tx.conn())
    .await?)
}

/// Writes all that a batch can change of contacts that are locked. (Why an upsert: see
/// `docs/decisions/generic-plans.md#forms`)
pub async fn update_all(tx: &TenantTx, contacts: &[&Contact]) -> Result<()> {
    if contacts.is_empty() {
        return Ok(());
    }
    Prepared(
        sql_query(include_str!("update_all.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<SqlUuid>, _>(column(contacts, |contact| contact.id))
            .bind::<Array<SqlUuid>, _>(column(contacts, |contact| contact.lead_id))
            .bind::<Array<SqlUuid>, _>(column(contacts, |contact| contact.source_id))
            .bind::<Array<Timestamptz>, _>(column(contacts, |contact| contact.create_time))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(contacts, |contact| contact.operator_id))
            .bind::<Array<Nullable<SqlUuid>>, _>(column(contacts, |contact| contact.pool_id))
            .bind::<Array<Text>, _>(column(contacts, |contact| contact.status.as_str()))
            .bind::<Array<Nullable<Text>>, _>(column(contacts, |contact| {
                contact.backlog_reason.map(BacklogReason::as_str)
            }))
            .bind::<Array<Integer>, _>(column(contacts, |contact| contact.revision))
            .bind::<Array<Timestamptz>, _>(column(contacts, |contact| contact.update_time))
            .bind::<Array<Nullable<Timestamptz>>, _>(column(contacts, |contact| {
                contact.assign_time
            }))
            .bind::<Array<Nullable<Timestamptz>>, _>(column(contacts, |contact| {
                contact.close_time
            })),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}
