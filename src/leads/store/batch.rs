//! The queries that find or create the leads of a batch of contacts: one
//! statement each, whatever the size of the batch.

use diesel::{
    sql_query,
    sql_types::{Array, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{Lead, conflict};
use crate::{
    error::Result,
    platform::db::{Prepared, TenantTx, column},
    statistics,
};

/// The leads that have one of these identifiers, locked in the order of their
/// ids. (Why LATERAL: see `docs/decisions/generic-plans.md#forms`)
pub async fn lock_by_identifiers(
    tx: &TenantTx,
    external_ids: &[&str],
    phones: &[&str],
    emails: &[&str],
) -> Result<Vec<Lead>> {
    Ok(Prepared(
        sql_query(include_str!("lock_by_identifiers.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<Text>, _>(external_ids)
            .bind::<Array<Text>, _>(phones)
            .bind::<Array<Text>, _>(emails),
    )
    .get_results(&mut tx.conn())
    .await?)
}

/// Inserts leads and counts them. CONFLICT if one of the identifiers has been taken meanwhile.
pub async fn insert_all(tx: &TenantTx, leads: &[&Lead]) -> Result<()> {
    let Some(first) = leads.first() else {
        return Ok(());
    };
    let time = first.create_time;
    let mut leads = leads.to_vec();
    // In one order everywhere, so that two batches rarely wait for each other.
    leads.sort_by(|a, b| {
        (&a.external_id, &a.phone, &a.email).cmp(&(&b.external_id, &b.phone, &b.email))
    });
    Prepared(
        sql_query(include_str!("insert_all.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Timestamptz, _>(time)
            .bind::<SmallInt, _>(statistics::store::lead_slot())
            .bind::<Array<SqlUuid>, _>(column(&leads, |lead| lead.id))
            .bind::<Array<Nullable<Text>>, _>(column(&leads, |lead| lead.external_id.as_deref()))
            .bind::<Array<Nullable<Text>>, _>(column(&leads, |lead| lead.phone.as_deref()))
            .bind::<Array<Nullable<Text>>, _>(column(&leads, |lead| lead.email.as_deref()))
            .bind::<Array<Text>, _>(column(&leads, |lead| lead.name.as_str())),
    )
    .execute(&mut tx.conn())
    .await
    .map_err(conflict)?;
    Ok(())
}

/// Writes identifiers and names that were filled in on leads that are locked.
/// CONFLICT if one of the identifiers has been taken meanwhile.
/// (Why an upsert: see `docs/decisions/generic-plans.md#forms`)
pub async fn fill_all(tx: &TenantTx, leads: &[&Lead]) -> Result<()> {
    let Some(first) = leads.first() else {
        return Ok(());
    };
    Prepared(
        sql_query(include_str!("fill_all.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Timestamptz, _>(first.update_time)
            .bind::<Array<SqlUuid>, _>(column(leads, |lead| lead.id))
            .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.external_id.as_deref()))
            .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.phone.as_deref()))
            .bind::<Array<Nullable<Text>>, _>(column(leads, |lead| lead.email.as_deref()))
            .bind::<Array<Text>, _>(column(leads, |lead| lead.name.as_str()))
            .bind::<Array<Integer>, _>(column(leads, |lead| lead.revision)),
    )
    .execute(&mut tx.conn())
    .await
    .map_err(conflict)?;
    Ok(())
}
