//! What is asked to know a caller.

use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{KeyAccess, Role};
use crate::{
    db::Conn,
    error::Result,
    schema::{api_keys, members, organizations},
};

/// A row of `api_keys`, as far as it tells who calls.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
pub struct Key {
    pub access: KeyAccess,
    pub secret_hash: Vec<u8>,
    pub expire_time: Option<DateTime<Utc>>,
    pub revoke_time: Option<DateTime<Utc>>,
}

/// The organizations of a user, with their role in each.
pub async fn memberships(mut conn: &Conn, user_id: Uuid) -> Result<Vec<(Uuid, Role)>> {
    Ok(members::table
        .filter(members::user_id.eq(user_id))
        .select((members::organization_id, members::role))
        .load(&mut conn)
        .await?)
}

/// The key.
pub async fn key(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Option<Key>> {
    Ok(api_keys::table
        .find((organization_id, id))
        .select(Key::as_select())
        .first(&mut conn)
        .await
        .optional()?)
}

/// Says that the key was used just now.
pub async fn touch_key(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<()> {
    diesel::update(api_keys::table.find((organization_id, id)))
        .set(api_keys::last_use_time.eq(now))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// The region of the organization's national phone numbers, if it has one.
pub async fn phone_region(mut conn: &Conn, organization_id: Uuid) -> Result<Option<String>> {
    let region: Option<Option<String>> = organizations::table
        .find(organization_id)
        .select(organizations::default_phone_region)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(region.flatten())
}
