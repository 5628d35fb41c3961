//! What is asked to know a caller.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{now, sql},
    prelude::*,
    sql_query,
    sql_types::{Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{KeyAccess, Role};
use crate::{
    error::{Error, Resource, Result},
    ids::{ApiKeyId, OrganizationId, UserId},
    platform::db::{Conn, TenantTx},
    schema::{api_keys, members, organizations, users},
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

/// The organizations of a user, with their role in each; the default one first.
pub async fn memberships(mut conn: &Conn, user_id: UserId) -> Result<Vec<(OrganizationId, Role)>> {
    Ok(members::table
        .filter(members::user_id.eq(user_id))
        .order((
            members::default_time.desc().nulls_last(),
            members::create_time,
            members::organization_id,
        ))
        .select((members::organization_id, members::role))
        .load(&mut conn)
        .await?)
}

/// The key.
pub async fn key(tx: &TenantTx, id: ApiKeyId) -> Result<Option<Key>> {
    Ok(api_keys::table
        .find((tx.organization_id(), id))
        .select(Key::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?)
}

/// The role of a user, if they are a member. It stays what it is until the end of the
/// transaction, for which other calls of the same user wait: in a row, so that whoever takes
/// the role has their turn. (Those who share a lock let no writer in as long as they overlap.)
pub async fn hold_role(tx: &TenantTx, user_id: UserId) -> Result<Option<Role>> {
    Ok(members::table
        .find((tx.organization_id(), user_id))
        .select(members::role)
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?)
}

/// What the key may do, while it is valid. It stays so as a [role](hold_role) does.
pub async fn hold_key(tx: &TenantTx, id: ApiKeyId) -> Result<Option<KeyAccess>> {
    Ok(access(tx.organization_id(), id)
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?)
}

/// What the key may do, while it is valid.
pub async fn key_access(tx: &TenantTx, id: ApiKeyId) -> Result<Option<KeyAccess>> {
    Ok(access(tx.organization_id(), id)
        .first(&mut tx.conn())
        .await
        .optional()?)
}

#[diesel::dsl::auto_type]
fn access(organization_id: OrganizationId, id: ApiKeyId) -> _ {
    let expire_time = api_keys::expire_time;
    api_keys::table
        .find((organization_id, id))
        .filter(api_keys::revoke_time.is_null())
        .filter(expire_time.is_null().or(expire_time.gt(now)))
        .select(api_keys::access)
}

/// Organizations in which somebody's power was taken within the last minutes, and how
/// often that has happened in each.
pub async fn revoked(mut conn: &Conn) -> Result<HashMap<OrganizationId, i64>> {
    let lately = sql::<Timestamptz>("now() - interval '5 minutes'");
    let found: Vec<_> = organizations::table
        .filter(organizations::access_time.gt(lately))
        .select((organizations::id, organizations::access_revision))
        .load(&mut conn)
        .await?;
    Ok(found.into_iter().collect())
}

/// Says that the key was used just now, unless somebody else has locked it: a call of the
/// same key, for which this one need not wait.
pub async fn touch_key(tx: &TenantTx, id: ApiKeyId) -> Result<()> {
    sql_query(
        "UPDATE api_keys SET last_use_time = now() WHERE organization_id = $1 AND id IN (
             SELECT id FROM api_keys WHERE organization_id = $1 AND id = $2
             FOR NO KEY UPDATE SKIP LOCKED)",
    )
    .bind::<SqlUuid, _>(tx.organization_id())
    .bind::<SqlUuid, _>(id)
    .execute(&mut tx.conn())
    .await?;
    Ok(())
}

/// The region of the organization's national phone numbers, if it has one.
pub async fn phone_region(tx: &TenantTx) -> Result<Option<String>> {
    let region: Option<Option<String>> = organizations::table
        .find(tx.organization_id())
        .select(organizations::default_phone_region)
        .first(&mut tx.conn())
        .await
        .optional()?;
    Ok(region.flatten())
}

/// From when on access tokens of a user are valid; none: all are.
pub async fn tokens_valid_from(mut conn: &Conn, id: UserId) -> Result<Option<DateTime<Utc>>> {
    users::table
        .find(id)
        .select(users::tokens_valid_from)
        .first(&mut conn)
        .await
        .optional()?
        .ok_or(Error::Unauthenticated)
}

/// Whether the user is a member, locked: they are not removed before the end of the
/// transaction.
pub async fn lock_member(tx: &TenantTx, user_id: UserId) -> Result<bool> {
    let member: Option<UserId> = members::table
        .find((tx.organization_id(), user_id))
        .select(members::user_id)
        .for_key_share()
        .first(&mut tx.conn())
        .await
        .optional()?;
    Ok(member.is_some())
}

/// Locks the organization: whoever changes roles waits here for the others.
pub async fn lock_organization(tx: &TenantTx) -> Result<()> {
    let locked: Option<OrganizationId> = organizations::table
        .find(tx.organization_id())
        .select(organizations::id)
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?;
    locked
        .map(drop)
        .ok_or_else(|| Error::not_found(Resource::Organization, tx.organization_id()))
}
