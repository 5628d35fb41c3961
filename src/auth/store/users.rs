//! Users, and what is written when one registers.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{now, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types::{Nullable, Timestamptz},
};
use diesel_async::RunQueryDsl;

use crate::{
    error::{Error, Resource, Result, violated_key},
    ids::UserId,
    platform::{
        db::Conn,
        grpc::page::{Page, keyset},
    },
    schema::users,
};

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub email_verify_time: Option<DateTime<Utc>>,
}

/// A user to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

/// The user with this e-mail address.
pub async fn by_email(mut conn: &Conn, email: &str) -> Result<Option<User>> {
    Ok(users::table
        .filter(users::email.eq(email))
        .select(User::as_select())
        .first(&mut conn)
        .await
        .optional()?)
}

/// A page of users.
pub async fn list(mut conn: &Conn, page: Page) -> Result<Vec<User>> {
    let query = users::table.select(User::as_select()).into_boxed();
    Ok(keyset!(query, page, users::id).load(&mut conn).await?)
}

/// The user a token is for.
pub async fn find(mut conn: &Conn, id: UserId) -> Result<User> {
    users::table
        .find(id)
        .select(User::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .ok_or(Error::Unauthenticated)
}

/// Locks a user, whose password must still be the one of which this is kept.
pub async fn lock(mut conn: &Conn, id: UserId, password_hash: &str) -> Result<()> {
    let user: Option<UserId> = users::table
        .find(id)
        .filter(users::password_hash.eq(password_hash))
        .select(users::id)
        .for_share()
        .first(&mut conn)
        .await
        .optional()?;
    user.map(|_| ()).ok_or(Error::CredentialsInvalid)
}

/// Inserts a user.
pub async fn insert(mut conn: &Conn, user: &NewUser) -> Result<User> {
    diesel::insert_into(users::table)
        .values(user)
        .returning(User::as_select())
        .get_result(&mut conn)
        .await
        .map_err(|error| match violated_key(&error) {
            Some("users_email_key") => Error::AlreadyExists {
                kind: Resource::User,
                field: "email",
            },
            _ => error.into(),
        })
}

/// The address is the user's. When that was found out first stays.
pub async fn verify_email(mut conn: &Conn, id: UserId) -> Result<()> {
    let unverified = users::table
        .find(id)
        .filter(users::email_verify_time.is_null());
    diesel::update(unverified)
        .set((users::email_verify_time.eq(now), users::update_time.eq(now)))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Sets a password, whatever the present one is.
pub async fn reset_password(mut conn: &Conn, id: UserId, new: &str) -> Result<()> {
    diesel::update(users::table.find(id))
        .set((
            users::password_hash.eq(new),
            users::update_time.eq(now),
            users::tokens_valid_from.eq(next_second()),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// From when on tokens are valid after a new password. They tell whole seconds: those of
/// this one are not valid any more, and those that are made from now on are of the next
/// one at least.
fn next_second() -> SqlLiteral<Nullable<Timestamptz>> {
    sql("date_trunc('second', now()) + interval '1 second'")
}

/// Changes a password, which must still be the one of which `present` is kept.
pub async fn set_password(mut conn: &Conn, id: UserId, present: &str, new: &str) -> Result<()> {
    let changed = diesel::update(
        users::table
            .find(id)
            .filter(users::password_hash.eq(present)),
    )
    .set((
        users::password_hash.eq(new),
        users::update_time.eq(now),
        users::tokens_valid_from.eq(next_second()),
    ))
    .execute(&mut conn)
    .await?;
    if changed == 0 {
        return Err(Error::CredentialsInvalid);
    }
    Ok(())
}
