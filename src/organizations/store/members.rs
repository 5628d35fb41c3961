//! Every query on `members`, and who they are.

use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::access::access_changed;
use crate::{
    access::{self, Role},
    error::{Error, Resource, Result},
    ids::{OrganizationId, UserId},
    platform::{
        db::{Conn, Scope, TenantTx},
        grpc::page::{Found, Page, keyset, read_page},
    },
    schema::{members, users},
};

/// A row of `members`, with who it is.
#[derive(Debug, Clone, Queryable)]
pub struct Member {
    pub user_id: UserId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

const MEMBER: (
    members::user_id,
    users::email,
    users::name,
    members::role,
    members::create_time,
    members::update_time,
) = (
    members::user_id,
    users::email,
    users::name,
    members::role,
    members::create_time,
    members::update_time,
);

pub async fn find(tx: &TenantTx, user_id: UserId) -> Result<Member> {
    members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::organization_id.eq(tx.organization_id()))
        .filter(members::user_id.eq(user_id))
        .select(MEMBER)
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Member, user_id))
}

/// The role of a user, if they are a member.
pub async fn role(tx: &TenantTx, user_id: UserId) -> Result<Option<Role>> {
    Ok(members::table
        .find((tx.organization_id(), user_id))
        .select(members::role)
        .first(&mut tx.conn())
        .await
        .optional()?)
}

pub async fn list(tx: &TenantTx, page: Page) -> Result<Found<Member>> {
    let query = |page: Page| {
        let query = members::table
            .inner_join(users::table.on(users::id.eq(members::user_id)))
            .filter(members::organization_id.eq(tx.organization_id()))
            .select(MEMBER)
            .into_boxed();
        keyset!(query, page, members::user_id)
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// A page of the organizations of a user, with their role in each.
pub async fn list_of_user(
    conn: &Conn,
    user_id: UserId,
    page: Page,
) -> Result<Found<(OrganizationId, Role)>> {
    let query = |page: Page| {
        let query = members::table
            .filter(members::user_id.eq(user_id))
            .select((members::organization_id, members::role))
            .into_boxed();
        keyset!(query, page, members::organization_id)
    };
    Ok(read_page!(conn, page, query))
}

/// Whether the user with this e-mail address, if there is one, is a member.
pub async fn has_email(tx: &TenantTx, email: &str) -> Result<bool> {
    let found: Option<UserId> = members::table
        .inner_join(users::table.on(users::id.eq(members::user_id)))
        .filter(members::organization_id.eq(tx.organization_id()))
        .filter(users::email.eq(email))
        .select(members::user_id)
        .first(&mut tx.conn())
        .await
        .optional()?;
    Ok(found.is_some())
}

/// The e-mail address of a user.
pub async fn email(mut conn: &Conn, user_id: UserId) -> Result<String> {
    users::table
        .find(user_id)
        .select(users::email)
        .first(&mut conn)
        .await
        .optional()?
        .ok_or(Error::Unauthenticated)
}

/// The default organization of a user whose memberships the transaction can meet.
pub async fn default_of(conn: &Conn, user_id: UserId) -> Result<Option<OrganizationId>> {
    let memberships = access::store::memberships(conn, user_id).await?;
    Ok(memberships.into_iter().next().map(|(id, _)| id))
}

/// Makes an organization the default one of a user; their role in it, if they are a
/// member.
pub async fn set_default(tx: &TenantTx, user_id: UserId) -> Result<Option<Role>> {
    Ok(
        diesel::update(members::table.find((tx.organization_id(), user_id)))
            .set(members::default_time.eq(now))
            .returning(members::role)
            .get_result(&mut tx.conn())
            .await
            .optional()?,
    )
}

/// Lets the transaction meet all memberships of a user.
pub async fn meet(mut conn: &Conn, user_id: UserId) -> Result<()> {
    Ok(conn.batch_execute(&user_id.settings()).await?)
}

/// How many organizations a user owns. Others who ask wait until the transaction ends,
/// which meets all memberships of the user from now on.
pub async fn count_owned(mut conn: &Conn, user_id: UserId) -> Result<i64> {
    let user: Option<UserId> = users::table
        .find(user_id)
        .select(users::id)
        .for_no_key_update()
        .first(&mut conn)
        .await
        .optional()?;
    user.ok_or(Error::Unauthenticated)?;
    meet(conn, user_id).await?;
    Ok(members::table
        .filter(members::user_id.eq(user_id))
        .filter(members::role.eq(Role::Owner))
        .count()
        .get_result(&mut conn)
        .await?)
}

/// Adds a user; whether they were no member yet.
pub async fn insert(tx: &TenantTx, user_id: UserId, role: Role) -> Result<bool> {
    let inserted = diesel::insert_into(members::table)
        .values((
            members::organization_id.eq(tx.organization_id()),
            members::user_id.eq(user_id),
            members::role.eq(role),
        ))
        .on_conflict_do_nothing()
        .execute(&mut tx.conn())
        .await?;
    Ok(inserted > 0)
}

pub async fn set_role(tx: &TenantTx, user_id: UserId, role: Role) -> Result<()> {
    diesel::update(members::table.find((tx.organization_id(), user_id)))
        .set((members::role.eq(role), members::update_time.eq(now)))
        .execute(&mut tx.conn())
        .await?;
    access_changed(tx).await
}

pub async fn delete(tx: &TenantTx, user_id: UserId) -> Result<()> {
    diesel::delete(members::table.find((tx.organization_id(), user_id)))
        .execute(&mut tx.conn())
        .await?;
    access_changed(tx).await
}

pub async fn delete_all(tx: &TenantTx) -> Result<()> {
    diesel::delete(members::table.filter(members::organization_id.eq(tx.organization_id())))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

pub async fn count_owners(tx: &TenantTx) -> Result<i64> {
    Ok(members::table
        .filter(members::organization_id.eq(tx.organization_id()))
        .filter(members::role.eq(Role::Owner))
        .count()
        .get_result(&mut tx.conn())
        .await?)
}
