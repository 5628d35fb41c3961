//! Every query on `invitations` of those who invite.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
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
    pub expire_time: DateTime<Utc>,
}

/// Inserts an invitation; there must be no other for the address.
pub async fn insert(mut conn: &Conn, invitation: &NewInvitation) -> Result<()> {
    diesel::insert_into(invitations::table)
        .values(invitation)
        .execute(&mut conn)
        .await?;
    Ok(())
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
