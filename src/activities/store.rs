//! Every query on `activities`. Knows nothing of the wire.

use diesel::{
    sql_query,
    sql_types::{Array, Jsonb, Nullable, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::Payload;
use crate::{
    db::{Conn, Prepared},
    error::{Error, Result},
};

/// Writes what happened on the timeline of a deal that is locked.
pub async fn record(
    mut conn: &Conn,
    organization_id: Uuid,
    deal_id: Uuid,
    author_user_id: Option<Uuid>,
    payloads: &[Payload],
) -> Result<()> {
    if payloads.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = payloads.iter().map(|_| Uuid::now_v7()).collect();
    let payloads = payloads
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::internal)?;
    let query = sql_query(
        "INSERT INTO activities
             (organization_id, id, deal_id, number, author_user_id, payload)
         SELECT $1, a.id, $2, coalesce((
                    SELECT number FROM activities
                    WHERE organization_id = $1 AND deal_id = $2
                    ORDER BY number DESC LIMIT 1), 0) + a.place, $3, a.payload
         FROM unnest($4, $5) WITH ORDINALITY AS a (id, payload, place)",
    )
    .bind::<SqlUuid, _>(organization_id)
    .bind::<SqlUuid, _>(deal_id)
    .bind::<Nullable<SqlUuid>, _>(author_user_id)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Jsonb>, _>(payloads);
    Prepared(query).execute(&mut conn).await?;
    Ok(())
}
