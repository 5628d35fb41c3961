//! Every query on `leads`; the search, and those for groups of contacts, are
//! beside it. Knows nothing of the wire.

mod group;
mod search;

use chrono::{DateTime, Utc};
use diesel::{dsl::now, prelude::*, result::Error as DieselError};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

pub use group::{fill_all, insert_all, lock_by_identifiers};
pub use search::{index_new_texts, search};

use crate::{
    db::Conn,
    error::{Error, LEAD_HAS_OPEN_CONTACTS, Result, violated_key},
    page::{Page, keyset},
    schema::leads,
};

/// A row of `leads`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = leads, check_for_backend(diesel::pg::Pg))]
pub struct Lead {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub owner_user_id: Option<Uuid>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

/// A lead to insert.
#[derive(Debug, Insertable)]
#[diesel(table_name = leads)]
pub struct NewLead {
    pub organization_id: Uuid,
    pub id: Uuid,
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub owner_user_id: Option<Uuid>,
}

/// What an update changes: fields that are absent stay.
#[derive(Debug, AsChangeset)]
#[diesel(table_name = leads)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct LeadChange {
    pub external_id: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub name: Option<String>,
    pub owner_user_id: Option<Option<Uuid>>,
}

/// One of the three ways to name a lead.
#[derive(Debug)]
pub enum Identifier {
    ExternalId(String),
    Phone(String),
    Email(String),
}

/// The lead.
pub async fn find(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Lead> {
    leads::table
        .find((organization_id, id))
        .select(Lead::as_select())
        .first(&mut conn)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("lead", id))
}

/// The lead, locked.
pub async fn lock(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<Lead> {
    leads::table
        .find((organization_id, id))
        .select(Lead::as_select())
        .for_update()
        .first(&mut conn)
        .await
        .optional()?
        .ok_or_else(|| Error::not_found("lead", id))
}

/// The lead with this identifier.
pub async fn lookup(
    mut conn: &Conn,
    organization_id: Uuid,
    identifier: &Identifier,
) -> Result<Option<Lead>> {
    let query = leads::table
        .filter(leads::organization_id.eq(organization_id))
        .select(Lead::as_select())
        .into_boxed();
    let query = match identifier {
        Identifier::ExternalId(value) => query.filter(leads::external_id.eq(value)),
        Identifier::Phone(value) => query.filter(leads::phone.eq(value)),
        Identifier::Email(value) => query.filter(leads::email.eq(value)),
    };
    Ok(query.first(&mut conn).await.optional()?)
}

/// A page of leads: of this owner, if there is one.
pub async fn list(
    mut conn: &Conn,
    organization_id: Uuid,
    owner_user_id: Option<Uuid>,
    page: Page,
) -> Result<Vec<Lead>> {
    let mut query = leads::table
        .filter(leads::organization_id.eq(organization_id))
        .select(Lead::as_select())
        .into_boxed();
    if let Some(owner) = owner_user_id {
        query = query.filter(leads::owner_user_id.eq(owner));
    }
    Ok(keyset!(query, page, leads::id).load(&mut conn).await?)
}

/// Inserts a lead.
pub async fn insert(mut conn: &Conn, lead: &NewLead) -> Result<Lead> {
    diesel::insert_into(leads::table)
        .values(lead)
        .returning(Lead::as_select())
        .get_result(&mut conn)
        .await
        .map_err(taken)
}

/// Changes a lead that is locked.
pub async fn update(
    mut conn: &Conn,
    organization_id: Uuid,
    id: Uuid,
    change: &LeadChange,
) -> Result<Lead> {
    diesel::update(leads::table.find((organization_id, id)))
        .set((
            change,
            leads::revision.eq(leads::revision + 1),
            leads::update_time.eq(now),
        ))
        .returning(Lead::as_select())
        .get_result(&mut conn)
        .await
        .map_err(taken)
}

/// Deletes a lead that is locked and has no contacts left.
pub async fn delete(mut conn: &Conn, organization_id: Uuid, id: Uuid) -> Result<()> {
    diesel::delete(leads::table.find((organization_id, id)))
        .execute(&mut conn)
        .await
        .map(|_| ())
        .map_err(|error| match violated_key(&error) {
            Some("contacts_lead_fkey") => Error::Precondition {
                reason: LEAD_HAS_OPEN_CONTACTS,
                kind: "lead",
                id,
            },
            _ => error.into(),
        })
}

fn taken(error: DieselError) -> Error {
    let exists = |field| Error::AlreadyExists {
        kind: "lead",
        field,
    };
    match violated_key(&error) {
        Some("leads_external_id_key") => exists("external_id"),
        Some("leads_phone_key") => exists("phone"),
        Some("leads_email_key") => exists("email"),
        _ => error.into(),
    }
}
