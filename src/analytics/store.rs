//! Every query that counts. Knows nothing of the wire.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    contacts::store::ContactStatus,
    db::{Conn, Prepared},
    error::Result,
    schema::contacts,
};

/// Counts of what there is.
#[derive(Debug, QueryableByName)]
pub struct Overview {
    #[diesel(sql_type = BigInt)]
    pub leads: i64,
    #[diesel(sql_type = BigInt)]
    pub operators: i64,
    #[diesel(sql_type = BigInt)]
    pub active_operators: i64,
    #[diesel(sql_type = BigInt)]
    pub sources: i64,
    #[diesel(sql_type = BigInt)]
    pub backlog: i64,
}

/// How many contacts have a status.
pub type StatusCount = (ContactStatus, i64);

/// Counts everything but the contacts by status.
pub async fn overview(conn: &Conn, organization_id: Uuid) -> Result<Overview> {
    Ok(Prepared(
        sql_query(
            "SELECT (SELECT count(*) FROM leads WHERE organization_id = $1) AS leads,
                    (SELECT count(*) FROM operators
                     WHERE organization_id = $1 AND delete_time IS NULL) AS operators,
                    (SELECT count(*) FROM operators
                     WHERE organization_id = $1 AND delete_time IS NULL AND active)
                        AS active_operators,
                    (SELECT count(*) FROM sources
                     WHERE organization_id = $1 AND delete_time IS NULL) AS sources,
                    (SELECT count(*) FROM contacts
                     WHERE organization_id = $1 AND operator_id IS NULL AND status <> 'CLOSED')
                        AS backlog",
        )
        .bind::<SqlUuid, _>(organization_id),
    )
    .get_result(&mut &*conn)
    .await?)
}

/// Contacts by status; statuses that nobody has are left out.
pub async fn contacts_by_status(
    mut conn: &Conn,
    organization_id: Uuid,
) -> Result<Vec<StatusCount>> {
    Ok(contacts::table
        .filter(contacts::organization_id.eq(organization_id))
        .group_by(contacts::status)
        .select((contacts::status, diesel::dsl::count_star()))
        .load(&mut conn)
        .await?)
}

/// Contacts of a source that share an operator and the pool they were drawn
/// from.
#[derive(Debug, QueryableByName)]
pub struct Share {
    #[diesel(sql_type = SqlUuid)]
    pub source_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub operator_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub pool_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    pub contacts: i64,
    #[diesel(sql_type = BigInt)]
    pub active_contacts: i64,
}

/// Which contacts to count.
#[derive(Debug)]
pub struct Range {
    pub source_id: Option<Uuid>,
    pub start_time: Option<DateTime<Utc>>,
    pub end_time: Option<DateTime<Utc>>,
}

/// Contacts by source, operator and pool.
pub async fn shares(conn: &Conn, organization_id: Uuid, range: &Range) -> Result<Vec<Share>> {
    Ok(Prepared(
        sql_query(
            "SELECT source_id, operator_id, pool_id, count(*) AS contacts,
                    count(*) FILTER (WHERE status <> 'CLOSED')
                        AS active_contacts
             FROM contacts
             WHERE organization_id = $1 AND ($2 IS NULL OR source_id = $2)
               AND ($3 IS NULL OR create_time >= $3) AND ($4 IS NULL OR create_time < $4)
             GROUP BY source_id, operator_id, pool_id",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Nullable<SqlUuid>, _>(range.source_id)
        .bind::<Nullable<Timestamptz>, _>(range.start_time)
        .bind::<Nullable<Timestamptz>, _>(range.end_time),
    )
    .get_results(&mut &*conn)
    .await?)
}
