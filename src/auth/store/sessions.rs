//! Sessions and their refresh tokens. Whoever changes one locks the session
//! first, so that nobody waits for each other. Of two uses of a token, the update
//! that marks it lets one through.

use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName,
    dsl::now,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Binary, Double, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    error::Result,
    ids::{SessionId, UserId},
    platform::db::{Conn, Prepared},
    schema::{refresh_tokens, sessions},
};

/// How many are deleted in one statement.
const CLEANUP_BATCH: i64 = 1000;

/// How long sessions and their tokens are valid.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// How long a refresh token is.
    pub refresh: Duration,
    /// How long refreshing goes on after a login.
    pub session: Duration,
    /// How long a refresh token that was used gives its successor again.
    pub grace: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let day = Duration::from_hours(24);
        Self {
            refresh: 7 * day,
            session: 30 * day,
            grace: Duration::from_secs(10),
        }
    }
}

/// What is kept of the successor of a refresh token.
pub struct Next {
    /// What it is found by.
    pub hash: [u8; 32],
    /// Its secret, for who has the token before it.
    pub sealed: [u8; 32],
}

/// What became of a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    /// It is used now, and another one is there instead.
    Renewed {
        /// Whose it is.
        user_id: UserId,
        /// When the other one ends.
        expire_time: DateTime<Utc>,
    },
    /// It was used just before, and gives the same one again.
    Repeated {
        /// Whose it is.
        user_id: UserId,
        /// The secret of the other one, sealed.
        sealed: Vec<u8>,
        /// When the session's newest token ends.
        expire_time: DateTime<Utc>,
    },
    /// It was used before; its session has ended.
    Reused {
        /// Whose it was.
        user_id: UserId,
    },
    /// There is no such token, or not any more.
    Unknown,
}

#[derive(Debug, QueryableByName)]
struct Expiry {
    #[diesel(sql_type = Timestamptz)]
    expire_time: DateTime<Utc>,
}

/// Begins a session; when its refresh token ends.
pub async fn insert(
    mut conn: &Conn,
    id: SessionId,
    user_id: UserId,
    token_hash: &[u8],
    lifetimes: Lifetimes,
) -> Result<DateTime<Utc>> {
    let expiry: Expiry = Prepared(
        sql_query(
            "INSERT INTO sessions (id, user_id, expire_time)
             VALUES ($1, $2, now() + make_interval(secs => $3)) RETURNING expire_time",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(user_id)
        .bind::<Double, _>(lifetimes.refresh.as_secs_f64()),
    )
    .get_result(&mut conn)
    .await?;
    insert_token(conn, id, token_hash).await?;
    Ok(expiry.expire_time)
}

async fn insert_token(mut conn: &Conn, session_id: SessionId, token_hash: &[u8]) -> Result<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::token_hash.eq(token_hash),
            refresh_tokens::session_id.eq(session_id),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Uses a token up for the next one. If it was used just before, the one that came
/// of that is given again; if before that, the session ends.
pub async fn refresh(
    mut conn: &Conn,
    used: &[u8],
    next: &Next,
    lifetimes: Lifetimes,
) -> Result<Refreshed> {
    let token = refresh_tokens::table.find(used);
    let session_id = token.select(refresh_tokens::session_id).single_value();
    let session: Option<(SessionId, UserId, DateTime<Utc>)> = sessions::table
        .filter(sessions::id.nullable().eq(session_id))
        .filter(sessions::expire_time.gt(now))
        .select((sessions::id, sessions::user_id, sessions::expire_time))
        .for_update()
        .first(&mut conn)
        .await
        .optional()?;
    let Some((id, user_id, expire_time)) = session else {
        return Ok(Refreshed::Unknown);
    };
    let fresh = diesel::update(token.filter(refresh_tokens::use_time.is_null()))
        .set((
            refresh_tokens::use_time.eq(now),
            refresh_tokens::successor.eq(&next.sealed[..]),
        ))
        .execute(&mut conn)
        .await?;
    // What is no longer given again is not kept.
    forget_successors(conn, id, lifetimes.grace).await?;
    if fresh == 0 {
        let successor = token.select(refresh_tokens::successor);
        if let Some(sealed) = successor.first::<Option<Vec<u8>>>(&mut conn).await? {
            return Ok(Refreshed::Repeated {
                user_id,
                sealed,
                expire_time,
            });
        }
        diesel::delete(sessions::table.find(id))
            .execute(&mut conn)
            .await?;
        return Ok(Refreshed::Reused { user_id });
    }
    insert_token(conn, id, &next.hash).await?;
    let expiry: Expiry = Prepared(
        sql_query(
            "UPDATE sessions SET expire_time = LEAST(
                 now() + make_interval(secs => $2), create_time + make_interval(secs => $3))
             WHERE id = $1 RETURNING expire_time",
        )
        .bind::<SqlUuid, _>(id)
        .bind::<Double, _>(lifetimes.refresh.as_secs_f64())
        .bind::<Double, _>(lifetimes.session.as_secs_f64()),
    )
    .get_result(&mut conn)
    .await?;
    Ok(Refreshed::Renewed {
        user_id,
        expire_time: expiry.expire_time,
    })
}

/// Forgets the successors of the tokens of a session that were used before the grace.
async fn forget_successors(mut conn: &Conn, session_id: SessionId, grace: Duration) -> Result<()> {
    Prepared(
        sql_query(
            "UPDATE refresh_tokens SET successor = NULL
             WHERE session_id = $1 AND successor IS NOT NULL
               AND use_time <= now() - make_interval(secs => $2)",
        )
        .bind::<SqlUuid, _>(session_id)
        .bind::<Double, _>(grace.as_secs_f64()),
    )
    .execute(&mut conn)
    .await?;
    Ok(())
}

/// Ends the session of a token, if there is one.
pub async fn delete_of_token(conn: &Conn, token_hash: &[u8]) -> Result<()> {
    Prepared(
        sql_query(
            "DELETE FROM sessions
             WHERE id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1)",
        )
        .bind::<Binary, _>(token_hash),
    )
    .execute(&mut &*conn)
    .await?;
    Ok(())
}

/// Ends all sessions of a user.
pub async fn delete_of_user(mut conn: &Conn, user_id: UserId) -> Result<()> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user_id)))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Deletes some of the sessions that have ended; how many.
pub async fn delete_some_ended(conn: &Conn) -> Result<usize> {
    Ok(sql_query(
        "DELETE FROM sessions WHERE id IN (
             SELECT id FROM sessions WHERE expire_time < now() ORDER BY expire_time LIMIT $1)",
    )
    .bind::<BigInt, _>(CLEANUP_BATCH)
    .execute(&mut &*conn)
    .await?)
}
