//! Every query on `api_keys` of those who manage them.

use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*};
use diesel_async::RunQueryDsl;

use super::access::access_changed;
use crate::{
    access::KeyAccess,
    error::{Error, Resource, Result},
    ids::ApiKeyId,
    platform::{
        db::TenantTx,
        grpc::page::{Found, Page, keyset, read_page},
    },
    schema::api_keys,
};

/// A row of `api_keys`, without its secret.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = api_keys, check_for_backend(diesel::pg::Pg))]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub access: KeyAccess,
    pub create_time: DateTime<Utc>,
    pub expire_time: Option<DateTime<Utc>>,
    pub last_use_time: Option<DateTime<Utc>>,
    pub revoke_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub access: KeyAccess,
    pub secret_hash: Vec<u8>,
    pub expire_time: Option<DateTime<Utc>>,
}

pub async fn insert(tx: &TenantTx, key: &NewApiKey) -> Result<ApiKey> {
    Ok(diesel::insert_into(api_keys::table)
        .values((api_keys::organization_id.eq(tx.organization_id()), key))
        .returning(ApiKey::as_select())
        .get_result(&mut tx.conn())
        .await?)
}

/// A page of keys, revoked ones included.
pub async fn list(tx: &TenantTx, page: Page) -> Result<Found<ApiKey>> {
    let query = |page: Page| {
        let query = api_keys::table
            .filter(api_keys::organization_id.eq(tx.organization_id()))
            .select(ApiKey::as_select())
            .into_boxed();
        keyset!(query, page, api_keys::id)
    };
    Ok(read_page!(tx.conn(), page, query))
}

pub async fn revoke_all(tx: &TenantTx) -> Result<()> {
    diesel::update(api_keys::table)
        .filter(api_keys::organization_id.eq(tx.organization_id()))
        .filter(api_keys::revoke_time.is_null())
        .set(api_keys::revoke_time.eq(now))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Revokes a key, unless it is revoked.
pub async fn revoke(tx: &TenantTx, id: ApiKeyId) -> Result<ApiKey> {
    diesel::update(api_keys::table.find((tx.organization_id(), id)))
        .filter(api_keys::revoke_time.is_null())
        .set(api_keys::revoke_time.eq(now))
        .execute(&mut tx.conn())
        .await?;
    access_changed(tx).await?;
    api_keys::table
        .find((tx.organization_id(), id))
        .select(ApiKey::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::ApiKey, id))
}
