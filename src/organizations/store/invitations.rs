//! Every query on `invitations` of those who invite.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{now, sql},
    prelude::*,
    sql_types::Timestamptz,
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{access::Role, db::Conn, error::Result, schema::invitations};

/// An invitation to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = invitations)]
pub struct NewInvitation {
    pub organization_id: Uuid,
    pub id: Uuid,
    pub email: String,
    pub role: Role,
    pub token_hash: Vec<u8>,
}

/// Inserts an invitation; there must be no other for the address. Returns when it
/// ends.
pub async fn insert(mut conn: &Conn, invitation: &NewInvitation) -> Result<DateTime<Utc>> {
    let in_a_week = sql::<Timestamptz>("now() + interval '7 days'");
    Ok(diesel::insert_into(invitations::table)
        .values((invitation, invitations::expire_time.eq(in_a_week)))
        .returning(invitations::expire_time)
        .get_result(&mut conn)
        .await?)
}

/// Ends the invitation for an address, if there is one.
pub async fn delete(mut conn: &Conn, organization_id: Uuid, email: &str) -> Result<()> {
    diesel::delete(invitations::table)
        .filter(invitations::organization_id.eq(organization_id))
        .filter(invitations::email.eq(email))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Uses an invitation up; the role it gives, if there is one for this address.
pub async fn take(
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
