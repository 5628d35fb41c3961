//! Every query that counts. Knows nothing of the wire.

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Double, Nullable, Timestamptz, Uuid as SqlUuid},
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

/// Which contacts to count.
#[derive(Debug)]
pub struct Range {
    pub source_id: Option<Uuid>,
    pub start_time: Option<DateTime<Utc>>,
    pub end_time: Option<DateTime<Utc>>,
}

/// What one operator has, or was to be expected to have, of one source's
/// contacts; without an operator, what of them is in the backlog.
#[derive(Debug, QueryableByName)]
pub struct Share {
    #[diesel(sql_type = SqlUuid)]
    pub source_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub operator_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    pub contacts: i64,
    #[diesel(sql_type = BigInt)]
    pub active_contacts: i64,
    #[diesel(sql_type = Double)]
    pub expected: f64,
}

/// Contacts by source and operator. What was to be expected adds up, for each
/// contact with an operator, the probabilities in the pool it was drawn from,
/// or 1 for its operator if there was no draw.
pub async fn shares(conn: &Conn, organization_id: Uuid, range: &Range) -> Result<Vec<Share>> {
    Ok(sql_query(
        "WITH counted AS (
             SELECT source_id, operator_id, pool_id, count(*) AS contacts,
                    count(*) FILTER (WHERE status <> 'CLOSED') AS active_contacts
             FROM contacts
             WHERE organization_id = $1 AND ($2 IS NULL OR source_id = $2)
               AND ($3 IS NULL OR create_time >= $3) AND ($4 IS NULL OR create_time < $4)
             GROUP BY source_id, operator_id, pool_id
         ), shares AS (
             SELECT source_id, operator_id, contacts, active_contacts,
                    CASE WHEN operator_id IS NOT NULL AND pool_id IS NULL
                         THEN contacts ELSE 0 END::float8 AS expected
             FROM counted
             UNION ALL
             SELECT d.source_id, (c ->> 'operator_id')::uuid, 0, 0,
                    d.contacts * (c ->> 'weight')::float8 / t.weight
             FROM counted AS d
             JOIN candidate_pools AS p ON p.organization_id = $1 AND p.id = d.pool_id,
                 LATERAL (SELECT sum((a ->> 'weight')::float8) AS weight
                          FROM jsonb_array_elements(p.candidates) AS a) AS t,
                 LATERAL jsonb_array_elements(p.candidates) AS c
         )
         SELECT source_id, operator_id, sum(contacts)::bigint AS contacts,
                sum(active_contacts)::bigint AS active_contacts, sum(expected) AS expected
         FROM shares GROUP BY source_id, operator_id ORDER BY source_id, operator_id",
    )
    .bind::<SqlUuid, _>(organization_id)
    .bind::<Nullable<SqlUuid>, _>(range.source_id)
    .bind::<Nullable<Timestamptz>, _>(range.start_time)
    .bind::<Nullable<Timestamptz>, _>(range.end_time)
    .get_results(&mut &*conn)
    .await?)
}
