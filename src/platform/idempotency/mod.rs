//! Exactly-once writes (AIP-155): the first answer to a `request_id` is kept
//! and given again. A claim is made in the transaction it guards, before
//! anything else: a concurrent twin waits for it and then reads its answer.

mod claim;
mod retention;

use std::collections::HashMap;

pub use claim::{Claim, Owned};
pub use retention::{IdempotencyRetention, forget, forget_at};

use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{Array, Binary, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use prost::Message;
use uuid::Uuid;

use crate::{
    error::{Error, Result, violated_key},
    platform::db::{Conn, Prepared, column},
    schema::requests,
};

/// What became of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// The request is new: do it, then keep the answer in this place.
    Fresh(Place),
    /// It was done before; this is the encoded answer.
    Replay(Vec<u8>),
    /// The caller used the id for another request.
    Reused,
}

/// The `request_id` of a claim's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(Uuid);

#[derive(Debug, QueryableByName)]
struct Kept {
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = SqlUuid)]
    request_id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    claim_id: Option<Uuid>,
    #[diesel(sql_type = Binary)]
    fingerprint: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    response: Option<Vec<u8>>,
}

/// The rows that claims may be in, by method and `request_id`.
struct Rows<'a>(HashMap<(&'a str, Uuid), &'a Kept>);

impl<'a> Rows<'a> {
    fn new(rows: &'a [Kept]) -> Self {
        let rows = rows.iter();
        Self(
            rows.map(|row| ((&*row.method, row.request_id), row))
                .collect(),
        )
    }

    fn became(&self, owned: &'a Owned) -> Claimed {
        let at = |id| self.0.get(&(owned.claim.method, id)).copied();
        let first = at(owned.claim.request_id);
        let own = first
            .filter(|row| row.claim_id.is_none_or(|id| id == owned.id))
            .or_else(|| at(owned.id).filter(|row| row.claim_id == Some(owned.id)));
        match own {
            Some(row) if row.fingerprint == owned.claim.fingerprint => {
                Claimed::Replay(row.response.clone().unwrap_or_default())
            }
            Some(_) => Claimed::Reused,
            None if first.is_some() => Claimed::Fresh(Place(owned.id)),
            None => Claimed::Fresh(Place(owned.claim.request_id)),
        }
    }
}

/// Makes a claim: a concurrent twin waits until it is decided.
pub async fn claim(conn: &Conn, organization_id: Uuid, owned: &Owned) -> Result<Claimed> {
    // Mostly it is new, and nobody else has used the id.
    let place = Place(owned.claim.request_id);
    if insert_empty(conn, organization_id, owned, place).await? {
        return Ok(Claimed::Fresh(place));
    }
    let became = find(conn, organization_id, &[owned]).await?.pop();
    match became.ok_or(Error::Conflict)? {
        Claimed::Fresh(other)
            if other == place || !insert_empty(conn, organization_id, owned, other).await? =>
        {
            // What was in the way has just been deleted, or a twin came first.
            Err(Error::Conflict)
        }
        became => Ok(became),
    }
}

/// What became of these claims until now, without making them: whoever goes on
/// with a fresh one must [`insert`] it. Answers in the order of the claims.
pub async fn find(conn: &Conn, organization_id: Uuid, claims: &[&Owned]) -> Result<Vec<Claimed>> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let places = claims.iter().flat_map(|owned| {
        let method = owned.claim.method;
        [(method, owned.claim.request_id), (method, owned.id)]
    });
    let (methods, ids): (Vec<_>, Vec<_>) = places.unzip();
    let rows: Vec<Kept> = Prepared(
        sql_query(
            "SELECT r.* FROM unnest($2, $3) AS c (method, request_id), LATERAL (
                 SELECT method, request_id, claim_id, fingerprint, response FROM requests
                 WHERE organization_id = $1 AND method = c.method
                   AND request_id = c.request_id
                 LIMIT 1) AS r",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<Text>, _>(&methods)
        .bind::<Array<SqlUuid>, _>(&ids),
    )
    .get_results(&mut &*conn)
    .await?;
    let rows = Rows::new(&rows);
    Ok(claims.iter().map(|owned| rows.became(owned)).collect())
}

/// Makes a claim in this place; false if there is one.
async fn insert_empty(
    conn: &Conn,
    organization_id: Uuid,
    Owned { claim, id }: &Owned,
    Place(place): Place,
) -> Result<bool> {
    let inserted = Prepared(
        sql_query(
            "INSERT INTO requests (organization_id, method, request_id, claim_id, fingerprint)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Text, _>(claim.method)
        .bind::<SqlUuid, _>(place)
        .bind::<SqlUuid, _>(id)
        .bind::<Binary, _>(&claim.fingerprint),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(inserted > 0)
}

/// Keeps the answer to a claim, in the transaction that made it.
pub async fn save(
    mut conn: &Conn,
    organization_id: Uuid,
    owned: &Owned,
    Place(place): Place,
    answer: &[u8],
) -> Result<()> {
    let key = (organization_id, owned.claim.method, place);
    diesel::update(requests::table.find(key))
        .set(requests::response.eq(answer))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// The answer to a claim that was not made before.
pub struct Answer<'a> {
    /// Whose.
    pub owned: &'a Owned,
    /// Where it is kept.
    pub place: Place,
    /// The answer, encoded.
    pub response: Vec<u8>,
}

/// Keeps answers, in their order everywhere, so that two groups cannot wait for each
/// other. CONFLICT if a twin has come first.
pub async fn insert(conn: &Conn, organization_id: Uuid, answers: &[Answer<'_>]) -> Result<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let mut ordered: Vec<_> = answers.iter().collect();
    ordered.sort_by_key(|answer| (answer.place.0, answer.owned.claim.method));
    Prepared(
        sql_query(
            "INSERT INTO requests
                 (organization_id, method, request_id, claim_id, fingerprint, response)
             SELECT $1, a.* FROM unnest($2, $3, $4, $5, $6) AS a",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<Text>, _>(column(&ordered, |answer| answer.owned.claim.method))
        .bind::<Array<SqlUuid>, _>(column(&ordered, |answer| answer.place.0))
        .bind::<Array<SqlUuid>, _>(column(&ordered, |answer| answer.owned.id))
        .bind::<Array<Binary>, _>(column(
            &ordered,
            |answer| &answer.owned.claim.fingerprint[..],
        ))
        .bind::<Array<Binary>, _>(column(&ordered, |answer| &answer.response[..])),
    )
    .execute(&mut &*conn)
    .await
    .map_err(|error| match violated_key(&error) {
        Some("requests_pkey" | "requests_claim_key") => Error::Conflict,
        _ => error.into(),
    })?;
    Ok(())
}

/// Decodes an answer that was kept. An answer that says anything is never empty, unless
/// what it told of has been erased.
pub fn decode<T: Message + Default>(answer: &[u8]) -> Result<T> {
    if answer.is_empty() && size_of::<T>() > 0 {
        return Err(Error::ResultErased);
    }
    T::decode(answer).map_err(Error::internal)
}
