//! Locks the operators of sources, and reads what was true of both by then.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    dispatch::Strategy,
    error::Result,
    ids::{OperatorId, SourceId},
    model::Operator,
    platform::db::{Prepared, TenantTx},
};

/// Sources, each by its id or its code.
#[derive(Debug, Default)]
pub struct SourceKeys<'a> {
    pub ids: BTreeSet<SourceId>,
    pub codes: BTreeSet<&'a str>,
}

impl SourceKeys<'_> {
    /// One source.
    pub fn id(id: SourceId) -> Self {
        let ids = [id].into();
        Self {
            ids,
            ..Self::default()
        }
    }
}

/// Locks the operators with a weight on these sources, and these others, in
/// the order of their ids, as everyone does who locks more than one.
pub async fn lock_operators(
    tx: &TenantTx,
    sources: &SourceKeys<'_>,
    others: &[OperatorId],
) -> Result<Vec<Operator>> {
    Ok(Prepared(
        sql_query(include_str!("lock_operators.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<SqlUuid>, _>(Vec::from_iter(&sources.ids))
            .bind::<Array<Text>, _>(Vec::from_iter(&sources.codes))
            .bind::<Array<SqlUuid>, _>(others),
    )
    .get_results(&mut tx.conn())
    .await?)
}

/// A weight of an operator on a source that exists, with the strategy of the source; with
/// neither, the time.
#[derive(Debug, QueryableByName)]
pub struct SourceWeight {
    #[diesel(sql_type = Timestamptz)]
    pub time: DateTime<Utc>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub source_id: Option<SourceId>,
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub active: Option<bool>,
    #[diesel(sql_type = Nullable<Text>)]
    pub strategy: Option<Strategy>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub operator_id: Option<OperatorId>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub weight: Option<i32>,
}

/// The weights of the sources that exist, by source, with the time; at least
/// one row. (Why LATERAL: see `docs/decisions/generic-plans.md#forms`)
pub async fn weights(tx: &TenantTx, sources: &SourceKeys<'_>) -> Result<Vec<SourceWeight>> {
    Ok(Prepared(
        sql_query(include_str!("weights.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<SqlUuid>, _>(Vec::from_iter(&sources.ids))
            .bind::<Array<Text>, _>(Vec::from_iter(&sources.codes)),
    )
    .get_results(&mut tx.conn())
    .await?)
}
