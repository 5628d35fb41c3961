//! Every query on `invitations`.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{now, sql},
    prelude::*,
    sql_types::Timestamptz,
};
use diesel_async::RunQueryDsl;

use crate::{
    access::{Identity, Role},
    error::Result,
    ids::{ApiKeyId, InvitationId, UserId},
    platform::{
        db::TenantTx,
        grpc::page::{Found, Page, keyset, read_page},
    },
    schema::invitations,
};

#[derive(Debug, Insertable)]
#[diesel(table_name = invitations)]
pub struct NewInvitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub token_hash: Vec<u8>,
    pub inviter_user_id: Option<UserId>,
    pub inviter_api_key_id: Option<ApiKeyId>,
}

/// A row of `invitations`, without what proves it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = invitations, check_for_backend(diesel::pg::Pg))]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub create_time: DateTime<Utc>,
    pub expire_time: DateTime<Utc>,
    pub inviter_user_id: Option<UserId>,
    pub inviter_api_key_id: Option<ApiKeyId>,
}

/// Inserts an invitation; there must be no other for the address.
pub async fn insert(tx: &TenantTx, invitation: &NewInvitation) -> Result<Invitation> {
    let in_a_week = sql::<Timestamptz>("now() + interval '7 days'");
    Ok(diesel::insert_into(invitations::table)
        .values((
            invitations::organization_id.eq(tx.organization_id()),
            invitation,
            invitations::expire_time.eq(in_a_week),
        ))
        .returning(Invitation::as_select())
        .get_result(&mut tx.conn())
        .await?)
}

/// The pending invitation for an address, if there is one.
pub async fn of_email(tx: &TenantTx, email: &str) -> Result<Option<Invitation>> {
    Ok(invitations::table
        .filter(invitations::organization_id.eq(tx.organization_id()))
        .filter(invitations::email.eq(email))
        .filter(invitations::expire_time.gt(now))
        .select(Invitation::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?)
}

/// Ends the invitation for an address, if there is one, and those that have expired.
pub async fn make_room(tx: &TenantTx, email: &str) -> Result<()> {
    diesel::delete(invitations::table)
        .filter(invitations::organization_id.eq(tx.organization_id()))
        .filter(
            invitations::email
                .eq(email)
                .or(invitations::expire_time.le(now)),
        )
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// How many there are.
pub async fn count(tx: &TenantTx) -> Result<i64> {
    Ok(invitations::table
        .filter(invitations::organization_id.eq(tx.organization_id()))
        .count()
        .get_result(&mut tx.conn())
        .await?)
}

/// A page of those that are pending.
pub async fn list(tx: &TenantTx, page: Page) -> Result<Found<Invitation>> {
    let query = |page: Page| {
        let query = invitations::table
            .filter(invitations::organization_id.eq(tx.organization_id()))
            .filter(invitations::expire_time.gt(now))
            .select(Invitation::as_select())
            .into_boxed();
        keyset!(query, page, invitations::id)
    };
    Ok(read_page!(tx.conn(), page, query))
}

/// Ends an invitation, if it is pending.
pub async fn delete(tx: &TenantTx, id: InvitationId) -> Result<Option<Invitation>> {
    let pending = invitations::table
        .find((tx.organization_id(), id))
        .filter(invitations::expire_time.gt(now));
    Ok(diesel::delete(pending)
        .returning(Invitation::as_select())
        .get_result(&mut tx.conn())
        .await
        .optional()?)
}

/// Ends what this member or key has made, but for invitations with one of these roles.
pub async fn delete_of(tx: &TenantTx, inviter: Identity, but_for: &[Role]) -> Result<()> {
    let query = diesel::delete(invitations::table)
        .filter(invitations::organization_id.eq(tx.organization_id()))
        .filter(invitations::role.ne_all(but_for))
        .into_boxed();
    let query = match inviter {
        Identity::User(id) => query.filter(invitations::inviter_user_id.eq(id)),
        Identity::ApiKey(id) => query.filter(invitations::inviter_api_key_id.eq(id)),
        Identity::Nobody | Identity::Development | Identity::System => return Ok(()),
    };
    query.execute(&mut tx.conn()).await?;
    Ok(())
}

/// Ends all of an organization.
pub async fn delete_all(tx: &TenantTx) -> Result<()> {
    diesel::delete(invitations::table)
        .filter(invitations::organization_id.eq(tx.organization_id()))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Uses an invitation up, if it is pending, for this address and proved by the token.
pub async fn take(
    tx: &TenantTx,
    id: InvitationId,
    token_hash: &[u8],
    email: &str,
) -> Result<Option<Invitation>> {
    Ok(diesel::delete(
        invitations::table
            .find((tx.organization_id(), id))
            .filter(invitations::token_hash.eq(token_hash))
            .filter(invitations::email.eq(email))
            .filter(invitations::expire_time.gt(now)),
    )
    .returning(Invitation::as_select())
    .get_result(&mut tx.conn())
    .await
    .optional()?)
}
