//! Exactly-once writes (AIP-155): the first answer to an idempotency key is kept
//! and given again. A key is reserved in the transaction it guards, before
//! anything else: a concurrent twin waits for it and then reads its answer.

mod key;
mod retention;

use std::collections::HashMap;

pub use key::{CallerKey, IdempotencyKey};
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
    platform::db::{Prepared, TenantTx, column},
    schema::requests,
};

/// Whether a request was done before.
#[derive(Debug)]
pub enum Replay {
    /// It was not: do it, then keep the answer in this slot.
    None(Slot),
    /// It was; this is the encoded answer.
    Answer(Vec<u8>),
    /// The caller used the id for another request.
    Mismatch,
}

/// Where the answer to a key is kept: the `request_id` of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(Uuid);

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

/// The rows that keys may be in, by method and `request_id`.
struct Rows<'a>(HashMap<(&'a str, Uuid), &'a Kept>);

impl<'a> Rows<'a> {
    fn new(rows: &'a [Kept]) -> Self {
        let rows = rows.iter();
        Self(
            rows.map(|row| ((&*row.method, row.request_id), row))
                .collect(),
        )
    }

    fn became(&self, caller_key: &'a CallerKey) -> Replay {
        let at = |id| self.0.get(&(caller_key.key.method, id)).copied();
        let first = at(caller_key.key.request_id);
        let own = first
            .filter(|row| row.claim_id.is_none_or(|id| id == caller_key.id))
            .or_else(|| at(caller_key.id).filter(|row| row.claim_id == Some(caller_key.id)));
        match own {
            Some(row) if row.fingerprint == caller_key.key.fingerprint => {
                Replay::Answer(row.response.clone().unwrap_or_default())
            }
            Some(_) => Replay::Mismatch,
            None if first.is_some() => Replay::None(Slot(caller_key.id)),
            None => Replay::None(Slot(caller_key.key.request_id)),
        }
    }
}

/// Reserves a key: a concurrent twin waits until it is decided.
pub async fn reserve(tx: &TenantTx, caller_key: &CallerKey) -> Result<Replay> {
    // Mostly it is new, and nobody else has used the id.
    let slot = Slot(caller_key.key.request_id);
    if insert_empty(tx, caller_key, slot).await? {
        return Ok(Replay::None(slot));
    }
    let became = find(tx, &[caller_key]).await?.pop();
    match became.ok_or(Error::Conflict)? {
        Replay::None(other) if other == slot || !insert_empty(tx, caller_key, other).await? => {
            // What was in the way has just been deleted, or a twin came first.
            Err(Error::Conflict)
        }
        became => Ok(became),
    }
}

/// Which of these keys were used until now, without reserving them: whoever goes on
/// with a new one must [`insert`] it. In the order of the keys.
pub async fn find(tx: &TenantTx, keys: &[&CallerKey]) -> Result<Vec<Replay>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let slots = keys.iter().flat_map(|caller_key| {
        let method = caller_key.key.method;
        [(method, caller_key.key.request_id), (method, caller_key.id)]
    });
    let (methods, ids): (Vec<_>, Vec<_>) = slots.unzip();
    let rows: Vec<Kept> = Prepared(
        sql_query(include_str!("find.sql"))
            .bind::<SqlUuid, _>(tx.organization_id())
            .bind::<Array<Text>, _>(&methods)
            .bind::<Array<SqlUuid>, _>(&ids),
    )
    .get_results(&mut tx.conn())
    .await?;
    let rows = Rows::new(&rows);
    Ok(keys
        .iter()
        .map(|caller_key| rows.became(caller_key))
        .collect())
}

/// Reserves a key in this slot; false if it is taken.
async fn insert_empty(
    tx: &TenantTx,
    CallerKey { key, id }: &CallerKey,
    Slot(slot): Slot,
) -> Result<bool> {
    let inserted = Prepared(
        sql_query(
            "INSERT INTO requests (organization_id, method, request_id, claim_id, fingerprint)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        )
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Text, _>(key.method)
        .bind::<SqlUuid, _>(slot)
        .bind::<SqlUuid, _>(id)
        .bind::<Binary, _>(&key.fingerprint),
    )
    .execute(&mut tx.conn())
    .await?;
    Ok(inserted > 0)
}

/// Keeps the answer to a key, in the transaction that reserved it.
pub async fn save(
    tx: &TenantTx,
    caller_key: &CallerKey,
    Slot(slot): Slot,
    answer: &[u8],
) -> Result<()> {
    let row = (tx.organization_id(), caller_key.key.method, slot);
    diesel::update(requests::table.find(row))
        .set(requests::response.eq(answer))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// The answer to a key that was not used before.
pub struct Answer<'a> {
    /// Whose.
    pub key: &'a CallerKey,
    /// Where it is kept.
    pub slot: Slot,
    /// The answer, encoded.
    pub response: Vec<u8>,
}

/// Keeps answers, in their order everywhere, so that two batches cannot wait for each
/// other. CONFLICT if a twin has come first.
pub async fn insert(tx: &TenantTx, answers: &[Answer<'_>]) -> Result<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let mut ordered: Vec<_> = answers.iter().collect();
    ordered.sort_by_key(|answer| (answer.slot.0, answer.key.key.method));
    Prepared(
        sql_query(
            "INSERT INTO requests
                 (organization_id, method, request_id, claim_id, fingerprint, response)
             SELECT $1, a.* FROM unnest($2, $3, $4, $5, $6) AS a",
        )
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Array<Text>, _>(column(&ordered, |answer| answer.key.key.method))
        .bind::<Array<SqlUuid>, _>(column(&ordered, |answer| answer.slot.0))
        .bind::<Array<SqlUuid>, _>(column(&ordered, |answer| answer.key.id))
        .bind::<Array<Binary>, _>(column(&ordered, |answer| &answer.key.key.fingerprint[..]))
        .bind::<Array<Binary>, _>(column(&ordered, |answer| &answer.response[..])),
    )
    .execute(&mut tx.conn())
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
