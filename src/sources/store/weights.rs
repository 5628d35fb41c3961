//! Every query on `operator_weights`: the operators' shares of a source.

use chrono::{DateTime, Utc};
use diesel::{prelude::*, upsert::excluded};
use diesel_async::RunQueryDsl;

use crate::{
    error::Result,
    ids::{OperatorId, SourceId},
    platform::db::TenantTx,
    schema::{operator_weights, operators},
};

/// A row of `operator_weights`, with the name of the operator.
#[derive(Debug, Clone, Queryable)]
pub struct OperatorWeight {
    pub source_id: SourceId,
    pub operator_id: OperatorId,
    pub weight: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub operator_name: String,
}

/// The weights of some sources, by source and operator.
pub async fn list(tx: &TenantTx, source_ids: &[SourceId]) -> Result<Vec<OperatorWeight>> {
    let operator = operators::organization_id
        .eq(operator_weights::organization_id)
        .and(operators::id.eq(operator_weights::operator_id));
    Ok(operator_weights::table
        .inner_join(operators::table.on(operator))
        .filter(operator_weights::organization_id.eq(tx.organization_id()))
        .filter(operator_weights::source_id.eq_any(source_ids))
        .order((operator_weights::source_id, operator_weights::operator_id))
        .select((
            operator_weights::source_id,
            operator_weights::operator_id,
            operator_weights::weight,
            operator_weights::create_time,
            operator_weights::update_time,
            operators::name,
        ))
        .load(&mut tx.conn())
        .await?)
}

/// Sets weights on a source, none of which it has: `(operator_id, weight)`.
pub async fn set(tx: &TenantTx, source_id: SourceId, weights: &[(OperatorId, i32)]) -> Result<()> {
    if weights.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = weights
        .iter()
        .map(|&(operator_id, weight)| {
            (
                operator_weights::organization_id.eq(tx.organization_id()),
                operator_weights::source_id.eq(source_id),
                operator_weights::operator_id.eq(operator_id),
                operator_weights::weight.eq(weight),
            )
        })
        .collect();
    diesel::insert_into(operator_weights::table)
        .values(rows)
        .on_conflict((
            operator_weights::organization_id,
            operator_weights::source_id,
            operator_weights::operator_id,
        ))
        .do_update()
        .set((
            operator_weights::weight.eq(excluded(operator_weights::weight)),
            operator_weights::update_time.eq(excluded(operator_weights::update_time)),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Removes all weights of a source but those of `kept` operators; returns how many.
pub async fn delete_except(
    tx: &TenantTx,
    source_id: SourceId,
    kept: &[OperatorId],
) -> Result<usize> {
    Ok(diesel::delete(operator_weights::table)
        .filter(operator_weights::organization_id.eq(tx.organization_id()))
        .filter(operator_weights::source_id.eq(source_id))
        .filter(operator_weights::operator_id.ne_all(kept))
        .execute(&mut tx.conn())
        .await?)
}

/// Removes the weight of an operator from a source; whether there was one.
pub async fn delete(tx: &TenantTx, source_id: SourceId, operator_id: OperatorId) -> Result<bool> {
    let weight = operator_weights::table.find((tx.organization_id(), source_id, operator_id));
    Ok(diesel::delete(weight).execute(&mut tx.conn()).await? > 0)
}

/// Removes all weights of an operator.
pub async fn delete_of_operator(tx: &TenantTx, operator_id: OperatorId) -> Result<()> {
    diesel::delete(operator_weights::table)
        .filter(operator_weights::organization_id.eq(tx.organization_id()))
        .filter(operator_weights::operator_id.eq(operator_id))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}
