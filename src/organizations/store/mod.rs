//! Every query on `organizations`; those on what belongs to one are beside it.
//! Knows nothing of the wire.

mod access;
pub mod invitations;
pub mod keys;
pub mod members;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    dsl::now,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt, Date, Double, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use crate::{
    error::{Error, Resource, Result},
    ids::OrganizationId,
    platform::{
        db::{Conn, Prepared, TenantTx},
        grpc::mask::other,
    },
    schema::organizations,
};

/// Most rows of a closed organization that are removed at once.
const REMOVED_AT_ONCE: i64 = 1000;

/// A row of `organizations`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = organizations, check_for_backend(diesel::pg::Pg))]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub default_currency: String,
    pub default_phone_region: Option<String>,
    pub time_zone: String,
    pub currencies: Vec<String>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = organizations)]
pub struct NewOrganization {
    pub id: OrganizationId,
    pub name: String,
    pub default_currency: String,
    pub default_phone_region: Option<String>,
    pub time_zone: String,
    pub currencies: Vec<String>,
}

/// What an update changes: fields that are absent stay.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = organizations)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct OrganizationChange {
    pub name: Option<String>,
    pub default_currency: Option<String>,
    pub default_phone_region: Option<Option<String>>,
    pub time_zone: Option<String>,
    pub currencies: Option<Vec<String>>,
}

impl OrganizationChange {
    /// What of it is a change of this organization.
    #[must_use]
    pub fn of(self, organization: &Organization) -> Self {
        Self {
            name: other(self.name, &organization.name),
            default_currency: other(self.default_currency, &organization.default_currency),
            default_phone_region: other(
                self.default_phone_region,
                &organization.default_phone_region,
            ),
            time_zone: other(self.time_zone, &organization.time_zone),
            currencies: other(self.currencies, &organization.currencies),
        }
    }
}

impl Organization {
    /// Whether deals may have this currency.
    pub fn allows(&self, currency: &String) -> bool {
        self.currencies.is_empty() || self.currencies.contains(currency)
    }
}

/// Whether the database knows this time zone.
pub async fn is_time_zone(mut conn: &Conn, name: &str) -> Result<bool> {
    let query = sql_query("SELECT name FROM pg_timezone_names WHERE name = $1");
    let found: Vec<TimeZone> = query.bind::<Text, _>(name).get_results(&mut conn).await?;
    Ok(!found.is_empty())
}

#[derive(QueryableByName)]
struct TimeZone {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "only whether there is one matters")]
    name: String,
}

/// What day it is in the organization's time zone.
pub async fn today(tx: &TenantTx) -> Result<NaiveDate> {
    let query = sql_query(
        "SELECT (now() AT TIME ZONE time_zone)::date AS date FROM organizations WHERE id = $1",
    )
    .bind::<SqlUuid, _>(tx.organization_id());
    let today: Today = Prepared(query).get_result(&mut tx.conn()).await?;
    Ok(today.date)
}

#[derive(QueryableByName)]
struct Today {
    #[diesel(sql_type = Date)]
    date: NaiveDate,
}

pub async fn find(tx: &TenantTx) -> Result<Organization> {
    organizations::table
        .find(tx.organization_id())
        .select(Organization::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Organization, tx.organization_id()))
}

/// Inserts those that do not exist yet, for a server without authentication.
pub async fn ensure_all(conn: &Conn, ids: &[OrganizationId]) -> Result<()> {
    sql_query(
        "INSERT INTO organizations (id, name) SELECT unnest($1), $2
             ON CONFLICT DO NOTHING",
    )
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Text, _>("Development")
    .execute(&mut &*conn)
    .await?;
    Ok(())
}

/// The organization, locked: whoever changes roles waits here for the others.
pub async fn lock(tx: &TenantTx) -> Result<Organization> {
    organizations::table
        .find(tx.organization_id())
        .select(Organization::as_select())
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Organization, tx.organization_id()))
}

/// Closes an organization that is locked: nobody is a member any more.
pub async fn close(tx: &TenantTx) -> Result<()> {
    invitations::delete_all(tx).await?;
    keys::revoke_all(tx).await?;
    members::delete_all(tx).await?;
    diesel::update(organizations::table.find(tx.organization_id()))
        .set(organizations::delete_time.eq(now))
        .execute(&mut tx.conn())
        .await?;
    access::access_changed(tx).await
}

/// Organizations that were closed so long ago, and long enough for all processes to have
/// noticed.
pub async fn closed(mut conn: &Conn, retention: Duration) -> Result<Vec<OrganizationId>> {
    let query = sql_query(
        "SELECT id FROM organizations
         WHERE delete_time <= now() - greatest(make_interval(secs => $1), interval '5 minutes')",
    )
    .bind::<Double, _>(retention.as_secs_f64());
    let found: Vec<Closed> = query.get_results(&mut conn).await?;
    Ok(found.into_iter().map(|closed| closed.id).collect())
}

#[derive(QueryableByName)]
struct Closed {
    #[diesel(sql_type = SqlUuid)]
    id: OrganizationId,
}

/// Removes some rows of the closed organization of the transaction, in the end its own;
/// how many.
pub async fn remove_some(tx: &TenantTx) -> Result<i64> {
    let query = sql_query("SELECT remove_closed_organization($1) AS rows");
    let removed: Removed = query
        .bind::<BigInt, _>(REMOVED_AT_ONCE)
        .get_result(&mut tx.conn())
        .await?;
    Ok(removed.rows)
}

#[derive(QueryableByName)]
struct Removed {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// These organizations, in any order.
pub async fn list(mut conn: &Conn, ids: &[OrganizationId]) -> Result<Vec<Organization>> {
    Ok(organizations::table
        .filter(organizations::id.eq_any(ids))
        .select(Organization::as_select())
        .load(&mut conn)
        .await?)
}

/// Inserts an organization; none if its id is taken.
pub async fn insert(tx: &TenantTx, organization: &NewOrganization) -> Result<Option<Organization>> {
    Ok(diesel::insert_into(organizations::table)
        .values(organization)
        .on_conflict_do_nothing()
        .returning(Organization::as_select())
        .get_result(&mut tx.conn())
        .await
        .optional()?)
}

/// Changes an organization that is locked.
pub async fn update(tx: &TenantTx, change: &OrganizationChange) -> Result<Organization> {
    Ok(
        diesel::update(organizations::table.find(tx.organization_id()))
            .set((
                change,
                organizations::revision.eq(organizations::revision + 1),
                organizations::update_time.eq(now),
            ))
            .returning(Organization::as_select())
            .get_result(&mut tx.conn())
            .await?,
    )
}
