//! Every query on `leads`; the search, and those for batches of contacts, are
//! beside it. Knows nothing of the wire.

mod batch;
mod list;
mod search;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::now,
    prelude::*,
    result::Error as DieselError,
    sql_query,
    sql_types::{Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

pub use batch::{fill_all, insert_all, lock_by_identifiers};
pub use list::list;
pub use search::{index_new_texts, search};

use crate::{
    error::{Error, Reason, Resource, Result, violated_key},
    ids::{LeadId, UserId},
    platform::{
        db::{Prepared, TenantTx},
        grpc::mask::other,
    },
    schema::leads,
};

const COLUMNS: &str = "id, external_id, phone, email, name, owner_user_id, revision, create_time, \
     update_time";
/// A row of `leads`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = leads, check_for_backend(diesel::pg::Pg))]
pub struct Lead {
    pub id: LeadId,
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub owner_user_id: Option<UserId>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = leads)]
pub struct NewLead {
    pub id: LeadId,
    pub external_id: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub name: String,
    pub owner_user_id: Option<UserId>,
}

/// What an update changes: fields that are absent stay.
#[derive(Debug, Clone, Default, PartialEq, AsChangeset)]
#[diesel(table_name = leads)]
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct LeadChange {
    pub external_id: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub name: Option<String>,
    pub owner_user_id: Option<Option<UserId>>,
}

impl LeadChange {
    /// What of it is a change of this lead.
    #[must_use]
    pub fn of(self, lead: &Lead) -> Self {
        Self {
            external_id: other(self.external_id, &lead.external_id),
            phone: other(self.phone, &lead.phone),
            email: other(self.email, &lead.email),
            name: other(self.name, &lead.name),
            owner_user_id: other(self.owner_user_id, &lead.owner_user_id),
        }
    }
}

/// One of the three ways to name a lead.
#[derive(Debug)]
pub enum Identifier {
    ExternalId(String),
    Phone(String),
    Email(String),
}

pub async fn find(tx: &TenantTx, id: LeadId) -> Result<Lead> {
    leads::table
        .find((tx.organization_id(), id))
        .select(Lead::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Lead, id))
}

pub async fn lock(tx: &TenantTx, id: LeadId) -> Result<Lead> {
    leads::table
        .find((tx.organization_id(), id))
        .select(Lead::as_select())
        .for_update()
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Lead, id))
}

/// Locks leads of an owner, so many at most, in the order of their ids.
pub async fn lock_owned(tx: &TenantTx, owner_user_id: UserId, most: i64) -> Result<Vec<LeadId>> {
    Ok(leads::table
        .filter(leads::organization_id.eq(tx.organization_id()))
        .filter(leads::owner_user_id.eq(owner_user_id))
        .order(leads::id)
        .limit(most)
        .select(leads::id)
        .for_no_key_update()
        .load(&mut tx.conn())
        .await?)
}

/// Gives leads that are locked to another owner.
pub async fn set_owner(tx: &TenantTx, ids: &[LeadId], owner_user_id: UserId) -> Result<()> {
    diesel::update(leads::table)
        .filter(leads::organization_id.eq(tx.organization_id()))
        .filter(leads::id.eq_any(ids))
        .set((
            leads::owner_user_id.eq(owner_user_id),
            leads::revision.eq(leads::revision + 1),
            leads::update_time.eq(now),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// The lead with this identifier.
pub async fn lookup(tx: &TenantTx, identifier: &Identifier) -> Result<Option<Lead>> {
    let query = leads::table
        .filter(leads::organization_id.eq(tx.organization_id()))
        .select(Lead::as_select())
        .into_boxed();
    let query = match identifier {
        Identifier::ExternalId(value) => query.filter(leads::external_id.eq(value)),
        Identifier::Phone(value) => query.filter(leads::phone.eq(value)),
        Identifier::Email(value) => query.filter(leads::email.eq(value)),
    };
    Ok(query.first(&mut tx.conn()).await.optional()?)
}

/// Inserts a lead. The error of identifiers that others have names all of them; CONFLICT
/// if they can be had now.
pub async fn insert(tx: &TenantTx, lead: &NewLead) -> Result<Lead> {
    let inserted = diesel::insert_into(leads::table)
        .values((leads::organization_id.eq(tx.organization_id()), lead))
        .on_conflict_do_nothing()
        .returning(Lead::as_select())
        .get_result(&mut tx.conn())
        .await
        .optional()?;
    if let Some(lead) = inserted {
        return Ok(lead);
    }
    let identifiers = [&lead.external_id, &lead.phone, &lead.email];
    check_free(tx, identifiers.map(Option::as_deref)).await?;
    Err(Error::Conflict)
}

/// Refuses identifiers (external id, phone, e-mail) that leads have: all of them.
pub async fn check_free(tx: &TenantTx, identifiers: [Option<&str>; 3]) -> Result<()> {
    if identifiers.iter().all(Option::is_none) {
        return Ok(());
    }
    let query = sql_query(include_str!("check_free.sql"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<Nullable<Text>, _>(identifiers[0])
        .bind::<Nullable<Text>, _>(identifiers[1])
        .bind::<Nullable<Text>, _>(identifiers[2]);
    let found: Vec<Holder> = Prepared(query).get_results(&mut tx.conn()).await?;
    let fields = ["external_id", "phone", "email"].into_iter();
    let taken: Vec<_> = fields
        .filter_map(|field| {
            let holder = found.iter().find(|holder| holder.field == field);
            holder.map(|holder| (field, holder.id))
        })
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(Error::taken(Resource::Lead, taken))
}

/// Who has an identifier.
#[derive(Debug, QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    field: String,
    #[diesel(sql_type = SqlUuid)]
    id: LeadId,
}

/// Changes a lead that is locked. CONFLICT if an identifier has been taken meanwhile.
pub async fn update(tx: &TenantTx, id: LeadId, change: &LeadChange) -> Result<Lead> {
    diesel::update(leads::table.find((tx.organization_id(), id)))
        .set((
            change,
            leads::revision.eq(leads::revision + 1),
            leads::update_time.eq(now),
        ))
        .returning(Lead::as_select())
        .get_result(&mut tx.conn())
        .await
        .map_err(conflict)
}

/// Deletes a lead that is locked and has no contacts left.
pub async fn delete(tx: &TenantTx, id: LeadId) -> Result<()> {
    diesel::delete(leads::table.find((tx.organization_id(), id)))
        .execute(&mut tx.conn())
        .await
        .map(|_| ())
        .map_err(|error| match violated_key(&error) {
            Some("contacts_lead_fkey") => refused(Reason::LeadHasOpenContacts, id),
            Some("deals_lead_fkey") => refused(Reason::LeadHasDeals, id),
            _ => error.into(),
        })
}

fn refused(reason: Reason, id: LeadId) -> Error {
    Error::Precondition {
        reason,
        kind: Resource::Lead,
        id: id.into(),
    }
}

/// Identifiers were free when they were looked for.
fn conflict(error: DieselError) -> Error {
    match violated_key(&error) {
        Some("leads_external_id_key" | "leads_phone_key" | "leads_email_key") => Error::Conflict,
        _ => error.into(),
    }
}
