//! Every query on `operator_weights`: the operators' shares of a source.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{case_when, now},
    prelude::*,
    upsert::excluded,
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{db::Conn, error::Result, schema::operator_weights};

/// A row of `operator_weights`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = operator_weights, check_for_backend(diesel::pg::Pg))]
pub struct OperatorWeight {
    pub source_id: Uuid,
    pub operator_id: Uuid,
    pub weight: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

/// The weights of some sources, by source and operator.
pub async fn list(
    mut conn: &Conn,
    organization_id: Uuid,
    source_ids: &[Uuid],
) -> Result<Vec<OperatorWeight>> {
    Ok(operator_weights::table
        .filter(operator_weights::organization_id.eq(organization_id))
        .filter(operator_weights::source_id.eq_any(source_ids))
        .order((operator_weights::source_id, operator_weights::operator_id))
        .select(OperatorWeight::as_select())
        .load(&mut conn)
        .await?)
}

/// How many weights a source has.
pub async fn count(mut conn: &Conn, organization_id: Uuid, source_id: Uuid) -> Result<i64> {
    Ok(operator_weights::table
        .filter(operator_weights::organization_id.eq(organization_id))
        .filter(operator_weights::source_id.eq(source_id))
        .count()
        .get_result(&mut conn)
        .await?)
}

/// Sets weights on a source: `(operator_id, weight)`.
pub async fn set(
    mut conn: &Conn,
    organization_id: Uuid,
    source_id: Uuid,
    weights: &[(Uuid, i32)],
) -> Result<Vec<OperatorWeight>> {
    if weights.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = weights
        .iter()
        .map(|&(operator_id, weight)| {
            (
                operator_weights::organization_id.eq(organization_id),
                operator_weights::source_id.eq(source_id),
                operator_weights::operator_id.eq(operator_id),
                operator_weights::weight.eq(weight),
            )
        })
        .collect();
    Ok(diesel::insert_into(operator_weights::table)
        .values(rows)
        .on_conflict((
            operator_weights::organization_id,
            operator_weights::source_id,
            operator_weights::operator_id,
        ))
        .do_update()
        .set((
            operator_weights::weight.eq(excluded(operator_weights::weight)),
            operator_weights::update_time.eq(case_when(
                operator_weights::weight.eq(excluded(operator_weights::weight)),
                operator_weights::update_time,
            )
            .otherwise(now)),
        ))
        .returning(OperatorWeight::as_select())
        .get_results(&mut conn)
        .await?)
}

/// Removes all weights of a source but those of `kept` operators.
pub async fn delete_except(
    mut conn: &Conn,
    organization_id: Uuid,
    source_id: Uuid,
    kept: &[Uuid],
) -> Result<()> {
    diesel::delete(operator_weights::table)
        .filter(operator_weights::organization_id.eq(organization_id))
        .filter(operator_weights::source_id.eq(source_id))
        .filter(operator_weights::operator_id.ne_all(kept))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Removes the weight of an operator from a source; whether there was one.
pub async fn delete(
    mut conn: &Conn,
    organization_id: Uuid,
    source_id: Uuid,
    operator_id: Uuid,
) -> Result<bool> {
    let weight = operator_weights::table.find((organization_id, source_id, operator_id));
    Ok(diesel::delete(weight).execute(&mut conn).await? > 0)
}

/// Removes all weights of an operator.
pub async fn delete_of_operator(
    mut conn: &Conn,
    organization_id: Uuid,
    operator_id: Uuid,
) -> Result<()> {
    diesel::delete(operator_weights::table)
        .filter(operator_weights::organization_id.eq(organization_id))
        .filter(operator_weights::operator_id.eq(operator_id))
        .execute(&mut conn)
        .await?;
    Ok(())
}
