//! Users, and what is written when one registers.

use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    access::Role,
    db::Conn,
    error::{Error, Result, violated_key},
    schema::{invitations, members, organizations, users},
};

/// Most organizations that are looked up for one user.
const MAX_MEMBERSHIPS: i64 = 1000;

/// A row of `users`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

/// A user to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub password_hash: String,
}

/// A row of `organizations`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = organizations, check_for_backend(diesel::pg::Pg))]
pub struct Organization {
    pub id: Uuid,
    pub name: String,
    pub default_currency: String,
    pub default_phone_region: Option<String>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
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

/// The user a token is for.
pub async fn find(mut conn: &Conn, id: Uuid) -> Result<User> {
    users::table
        .find(id)
        .select(User::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .ok_or(Error::Unauthenticated)
}

/// Locks a user, whose password must still be the one of which this is kept.
pub async fn lock(mut conn: &Conn, id: Uuid, password_hash: &str) -> Result<()> {
    let user: Option<Uuid> = users::table
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
                kind: "user",
                field: "email",
            },
            _ => error.into(),
        })
}

/// Changes a password, which must still be the one of which `present` is kept.
pub async fn set_password(mut conn: &Conn, id: Uuid, present: &str, new: &str) -> Result<()> {
    let changed = diesel::update(
        users::table
            .find(id)
            .filter(users::password_hash.eq(present)),
    )
    .set((users::password_hash.eq(new), users::update_time.eq(now)))
    .execute(&mut conn)
    .await?;
    if changed == 0 {
        return Err(Error::CredentialsInvalid);
    }
    Ok(())
}

/// Inserts an organization.
pub async fn insert_organization(mut conn: &Conn, id: Uuid, name: &str) -> Result<()> {
    diesel::insert_into(organizations::table)
        .values((organizations::id.eq(id), organizations::name.eq(name)))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// The organization.
pub async fn organization(mut conn: &Conn, id: Uuid) -> Result<Organization> {
    Ok(organizations::table
        .find(id)
        .select(Organization::as_select())
        .first(&mut conn)
        .await?)
}

/// Inserts a member.
pub async fn insert_member(
    mut conn: &Conn,
    organization_id: Uuid,
    user_id: Uuid,
    role: Role,
) -> Result<()> {
    diesel::insert_into(members::table)
        .values((
            members::organization_id.eq(organization_id),
            members::user_id.eq(user_id),
            members::role.eq(role),
        ))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Uses an invitation up; the role it gives, if there is one for this address.
pub async fn take_invitation(
    mut conn: &Conn,
    organization_id: Uuid,
    id: Uuid,
    token_hash: &[u8],
    email: &str,
) -> Result<Option<Role>> {
    Ok(diesel::delete(
        invitations::table
            .find((organization_id, id))
            .filter(invitations::token_hash.eq(token_hash))
            .filter(invitations::email.eq(email))
            .filter(invitations::expire_time.gt(now)),
    )
    .returning(invitations::role)
    .get_result(&mut conn)
    .await
    .optional()?)
}

/// The organizations of a user, with their role in each.
pub async fn memberships(mut conn: &Conn, user_id: Uuid) -> Result<Vec<(Uuid, Role)>> {
    Ok(members::table
        .filter(members::user_id.eq(user_id))
        .order(members::organization_id)
        .limit(MAX_MEMBERSHIPS)
        .select((members::organization_id, members::role))
        .load(&mut conn)
        .await?)
}

/// These organizations, oldest first.
pub async fn organizations(mut conn: &Conn, ids: &[Uuid]) -> Result<Vec<Organization>> {
    Ok(organizations::table
        .filter(organizations::id.eq_any(ids))
        .order(organizations::id)
        .select(Organization::as_select())
        .load(&mut conn)
        .await?)
}
