//! Exactly-once writes (AIP-155): the first answer to a `request_id` is kept
//! and given again. A claim is made in the transaction it guards, before
//! anything else: a concurrent twin waits for it and then reads its answer.

mod age;

use std::collections::HashMap;

pub use age::{forget, keep_clean};

use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{Array, Binary, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    db::{Conn, Prepared},
    error::{Error, Result, violated_key},
    schema::requests,
    validate::Violations,
};

/// What a request with a `request_id` claims to be: the only one of its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Name of the method, the id's scope within the organization.
    pub method: &'static str,
    /// The caller's id.
    pub request_id: Uuid,
    /// SHA-256 of the request.
    pub fingerprint: Vec<u8>,
}

impl Claim {
    /// The claim of a request; none if it carries no `request_id`.
    pub fn parse(
        violations: &mut Violations,
        method: &'static str,
        request_id: &str,
        request: &impl Message,
    ) -> Option<Self> {
        let request_id = violations.optional_id("request_id", request_id)?;
        Some(Self::new(method, request_id, request))
    }

    /// The claim of a request with this id.
    pub fn new(method: &'static str, request_id: Uuid, request: &impl Message) -> Self {
        let mut encoded = request.encode_to_vec();
        // However the id is spelled, it is the same request.
        let id = request_id.to_string();
        let spelled = encoded
            .windows(id.len())
            .rposition(|part| part.eq_ignore_ascii_case(id.as_bytes()));
        if let Some(start) = spelled {
            encoded[start..start + id.len()].copy_from_slice(id.as_bytes());
        }
        let fingerprint = Sha256::digest(encoded).to_vec();
        Self {
            method,
            request_id,
            fingerprint,
        }
    }
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// The request is new: do it, then [`save`] the answer.
    Fresh,
    /// It was done before; this is the encoded answer.
    Replay(Vec<u8>),
    /// The id was used for another request.
    Reused,
}

#[derive(Debug, QueryableByName)]
struct Kept {
    #[diesel(sql_type = Text)]
    method: String,
    #[diesel(sql_type = SqlUuid)]
    request_id: Uuid,
    #[diesel(sql_type = Binary)]
    fingerprint: Vec<u8>,
    #[diesel(sql_type = Nullable<Binary>)]
    response: Option<Vec<u8>>,
}

impl Kept {
    fn answer_to(&self, claim: &Claim) -> Claimed {
        if self.fingerprint == claim.fingerprint {
            Claimed::Replay(self.response.clone().unwrap_or_default())
        } else {
            Claimed::Reused
        }
    }
}

/// Claims ids, in their order everywhere, so that two groups cannot wait for
/// each other. No two claims may be of the same method and id. Answers in the
/// order of the claims.
pub async fn claim(conn: &Conn, organization_id: Uuid, claims: &[&Claim]) -> Result<Vec<Claimed>> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let mut ordered = claims.to_vec();
    ordered.sort_by_key(|claim| (claim.request_id, claim.method));
    let methods: Vec<_> = ordered.iter().map(|claim| claim.method).collect();
    let ids: Vec<_> = ordered.iter().map(|claim| claim.request_id).collect();
    let fingerprints: Vec<_> = ordered.iter().map(|claim| &claim.fingerprint[..]).collect();

    let fresh: Vec<Kept> = Prepared(
        sql_query(
            "INSERT INTO requests (organization_id, method, request_id, fingerprint)
             SELECT $1, c.method, c.request_id, c.fingerprint
             FROM unnest($2, $3, $4) AS c (method, request_id, fingerprint)
             ON CONFLICT DO NOTHING
             RETURNING method, request_id, fingerprint, response",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<Text>, _>(&methods)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<Binary>, _>(&fingerprints),
    )
    .get_results(&mut &*conn)
    .await?;
    let kept = if fresh.len() == claims.len() {
        Vec::new()
    } else {
        select(conn, organization_id, claims).await?
    };
    let fresh = by_key(&fresh);
    let kept = by_key(&kept);
    claims
        .iter()
        .map(|claim| {
            let key = (claim.method, claim.request_id);
            if fresh.contains_key(&key) {
                return Ok(Claimed::Fresh);
            }
            // Missing only if its age has just deleted what was in the way.
            Ok(kept.get(&key).ok_or(Error::Conflict)?.answer_to(claim))
        })
        .collect()
}

/// What became of these claims until now, without making them: whoever goes on
/// with a fresh one must [`insert`] it. Answers in the order of the claims.
pub async fn find(conn: &Conn, organization_id: Uuid, claims: &[&Claim]) -> Result<Vec<Claimed>> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let kept = select(conn, organization_id, claims).await?;
    let kept = by_key(&kept);
    let claimed = claims.iter().map(|claim| {
        let kept = kept.get(&(claim.method, claim.request_id));
        kept.map_or(Claimed::Fresh, |kept| kept.answer_to(claim))
    });
    Ok(claimed.collect())
}

async fn select(conn: &Conn, organization_id: Uuid, claims: &[&Claim]) -> Result<Vec<Kept>> {
    let methods: Vec<_> = claims.iter().map(|claim| claim.method).collect();
    let ids: Vec<_> = claims.iter().map(|claim| claim.request_id).collect();
    Ok(Prepared(
        sql_query(
            "SELECT r.* FROM unnest($2, $3) AS c (method, request_id), LATERAL (
                 SELECT method, request_id, fingerprint, response FROM requests
                 WHERE organization_id = $1 AND method = c.method
                   AND request_id = c.request_id
                 LIMIT 1) AS r",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<Text>, _>(&methods)
        .bind::<Array<SqlUuid>, _>(&ids),
    )
    .get_results(&mut &*conn)
    .await?)
}

fn by_key(rows: &[Kept]) -> HashMap<(&str, Uuid), &Kept> {
    rows.iter()
        .map(|row| ((&*row.method, row.request_id), row))
        .collect()
}

/// Keeps the answer to a claim, in the transaction that made it.
pub async fn save(
    mut conn: &Conn,
    organization_id: Uuid,
    claim: &Claim,
    answer: &[u8],
) -> Result<()> {
    let key = (organization_id, claim.method, claim.request_id);
    diesel::update(requests::table.find(key))
        .set(requests::response.eq(answer))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Keeps the answers to claims that were not made before. CONFLICT if a twin
/// has come first.
pub async fn insert(
    conn: &Conn,
    organization_id: Uuid,
    answers: &[(&Claim, Vec<u8>)],
) -> Result<()> {
    if answers.is_empty() {
        return Ok(());
    }
    let mut ordered: Vec<_> = answers.iter().collect();
    ordered.sort_by_key(|(claim, _)| (claim.request_id, claim.method));
    let methods: Vec<_> = ordered.iter().map(|(claim, _)| claim.method).collect();
    let ids: Vec<_> = ordered.iter().map(|(claim, _)| claim.request_id).collect();
    let fingerprints: Vec<_> = ordered
        .iter()
        .map(|(claim, _)| &claim.fingerprint[..])
        .collect();
    let responses: Vec<_> = ordered.iter().map(|(_, response)| &response[..]).collect();
    Prepared(
        sql_query(
            "INSERT INTO requests (organization_id, method, request_id, fingerprint, response)
             SELECT $1, a.* FROM unnest($2, $3, $4, $5) AS a",
        )
        .bind::<SqlUuid, _>(organization_id)
        .bind::<Array<Text>, _>(&methods)
        .bind::<Array<SqlUuid>, _>(&ids)
        .bind::<Array<Binary>, _>(&fingerprints)
        .bind::<Array<Binary>, _>(&responses),
    )
    .execute(&mut &*conn)
    .await
    .map_err(|error| match violated_key(&error) {
        Some("requests_pkey") => Error::Conflict,
        _ => error.into(),
    })?;
    Ok(())
}
