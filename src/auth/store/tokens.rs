//! Tokens that users are mailed, or are given by whoever runs the service.

use std::time::Duration;

use diesel::{
    dsl::now,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Binary, Bool, Double, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    error::Result,
    ids::UserId,
    model::text_enum,
    platform::db::{Conn, Prepared},
    schema::user_tokens,
};

/// How many are deleted in one statement.
const CLEANUP_BATCH: i64 = 1000;

text_enum! {
    /// What a token is for.
    Purpose {
        /// Proving that an address is the user's.
        VerifyEmail = "VERIFY_EMAIL",
        /// Setting a new password without the present one.
        ResetPassword = "RESET_PASSWORD",
    }
}

/// A token to insert.
pub struct NewToken {
    /// Whose it is.
    pub user_id: UserId,
    /// What it is for.
    pub purpose: Purpose,
    /// What is kept of it.
    pub hash: [u8; 32],
    /// Whether it is mailed.
    pub mailed: bool,
    /// How long it is valid.
    pub lifetime: Duration,
}

/// Inserts a token. Those before it stay valid: whoever asks for many does not take
/// the one away that somebody else waits for.
pub async fn insert(conn: &Conn, token: &NewToken) -> Result<()> {
    Prepared(
        sql_query(
            "INSERT INTO user_tokens (token_hash, user_id, purpose, mailed, expire_time)
             VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))",
        )
        .bind::<Binary, _>(&token.hash[..])
        .bind::<SqlUuid, _>(token.user_id)
        .bind::<Text, _>(token.purpose)
        .bind::<Bool, _>(token.mailed)
        .bind::<Double, _>(token.lifetime.as_secs_f64()),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(())
}

/// Whether there is such a token.
pub async fn exists(mut conn: &Conn, purpose: Purpose, hash: &[u8]) -> Result<bool> {
    let token = user_tokens::table
        .find(hash)
        .filter(user_tokens::purpose.eq(purpose))
        .filter(user_tokens::expire_time.gt(now));
    Ok(diesel::select(diesel::dsl::exists(token))
        .get_result(&mut conn)
        .await?)
}

/// Uses a token up; whose it was, and whether it was mailed.
pub async fn take(
    mut conn: &Conn,
    purpose: Purpose,
    hash: &[u8],
) -> Result<Option<(UserId, bool)>> {
    let token = user_tokens::table
        .find(hash)
        .filter(user_tokens::purpose.eq(purpose))
        .filter(user_tokens::expire_time.gt(now));
    Ok(diesel::delete(token)
        .returning((user_tokens::user_id, user_tokens::mailed))
        .get_result(&mut conn)
        .await
        .optional()?)
}

/// Ends all tokens of a user that are for this.
pub async fn delete_of_user(mut conn: &Conn, purpose: Purpose, user_id: UserId) -> Result<()> {
    diesel::delete(user_tokens::table)
        .filter(user_tokens::user_id.eq(user_id))
        .filter(user_tokens::purpose.eq(purpose))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Deletes some of the tokens that have ended; how many.
pub async fn delete_some_ended(conn: &Conn) -> Result<usize> {
    Ok(sql_query(
        "DELETE FROM user_tokens WHERE token_hash IN (
             SELECT token_hash FROM user_tokens WHERE expire_time < now()
             ORDER BY expire_time LIMIT $1)",
    )
    .bind::<BigInt, _>(CLEANUP_BATCH)
    .execute(&mut &*conn)
    .await?)
}
