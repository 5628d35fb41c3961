//! Every query on `contacts`; those for batches and lists, and those on
//! `assignments`, are beside it. Knows nothing of the wire.

pub mod assignments;
mod batch;
mod list;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{now, sql},
    prelude::*,
    sql_types::Timestamptz,
};
use diesel_async::RunQueryDsl;

pub use batch::{find_all, insert_all, lock_all, update_all};
pub use list::{Filter, list};

pub use crate::model::ContactStatus;
use crate::{
    dispatch::BacklogReason,
    error::{Error, Reason, Resource, Result, violated_key},
    ids::{ContactId, LeadId, OperatorId, OrganizationId, PoolId, SourceId},
    model::change::ContactFacts,
    platform::db::{Prepared, TenantTx},
    schema::contacts,
};

/// A row of `contacts`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = contacts, check_for_backend(diesel::pg::Pg))]
pub struct Contact {
    pub id: ContactId,
    pub lead_id: LeadId,
    pub source_id: SourceId,
    pub operator_id: Option<OperatorId>,
    pub pool_id: Option<PoolId>,
    pub status: ContactStatus,
    pub message: String,
    pub backlog_reason: Option<BacklogReason>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
    pub assign_time: Option<DateTime<Utc>>,
    pub close_time: Option<DateTime<Utc>>,
}

impl Contact {
    /// Counts a change at this time, by the database's clock; returns the time of
    /// the change. (The clock may have been read before the last change was
    /// committed.)
    pub fn change_at(&mut self, time: DateTime<Utc>) -> DateTime<Utc> {
        self.update_time = self.update_time.max(time);
        self.revision += 1;
        self.update_time
    }
}

impl From<&Contact> for ContactFacts {
    fn from(contact: &Contact) -> Self {
        Self {
            source_id: contact.source_id,
            create_time: contact.create_time,
            operator_id: contact.operator_id,
            pool_id: contact.pool_id,
            status: contact.status,
        }
    }
}

pub async fn find(tx: &TenantTx, id: ContactId) -> Result<Contact> {
    contacts::table
        .find((tx.organization_id(), id))
        .select(Contact::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Contact, id))
}

/// The contact, locked, and the time by the database's clock.
pub async fn lock(tx: &TenantTx, id: ContactId) -> Result<(Contact, DateTime<Utc>)> {
    let query = contacts::table
        .find((tx.organization_id(), id))
        .select((Contact::as_select(), now.into_sql::<Timestamptz>()))
        .for_no_key_update();
    let found: Option<(Contact, DateTime<Utc>)> = Prepared(query)
        .get_result(&mut tx.conn())
        .await
        .optional()?;
    let (contact, time) = found.ok_or_else(|| Error::not_found(Resource::Contact, id))?;
    // The transaction may have begun before the last change that it waited for.
    let time = time.max(contact.update_time);
    Ok((contact, time))
}

/// Writes all that can change of a contact that is locked. Returns it with its
/// new revision.
pub async fn update(tx: &TenantTx, contact: &Contact) -> Result<Contact> {
    Ok(
        diesel::update(contacts::table.find((tx.organization_id(), contact.id)))
            .set((
                contacts::operator_id.eq(contact.operator_id),
                contacts::pool_id.eq(contact.pool_id),
                contacts::status.eq(contact.status),
                contacts::message.eq(&contact.message),
                contacts::backlog_reason.eq(contact.backlog_reason),
                contacts::assign_time.eq(contact.assign_time),
                contacts::close_time.eq(contact.close_time),
                contacts::revision.eq(contacts::revision + 1),
                contacts::update_time.eq(contact.update_time),
            ))
            .returning(Contact::as_select())
            .get_result(&mut tx.conn())
            .await?,
    )
}

/// Deletes the closed contacts of a lead; returns them.
pub async fn delete_closed(tx: &TenantTx, lead_id: LeadId) -> Result<Vec<Contact>> {
    diesel::delete(contacts::table)
        .filter(contacts::organization_id.eq(tx.organization_id()))
        .filter(contacts::lead_id.eq(lead_id))
        .filter(contacts::status.eq(ContactStatus::Closed))
        .returning(Contact::as_select())
        .get_results(&mut tx.conn())
        .await
        .map_err(|error| match violated_key(&error) {
            Some("deals_contact_fkey") => Error::Precondition {
                reason: Reason::LeadHasDeals,
                kind: Resource::Lead,
                id: lead_id.into(),
            },
            _ => error.into(),
        })
}

/// Empties the messages of a lead that is locked.
pub async fn erase_of_lead(tx: &TenantTx, lead_id: LeadId) -> Result<()> {
    diesel::update(contacts::table)
        .filter(contacts::organization_id.eq(tx.organization_id()))
        .filter(contacts::lead_id.eq(lead_id))
        .filter(contacts::message.ne(""))
        .set((
            contacts::message.eq(""),
            contacts::revision.eq(contacts::revision + 1),
            contacts::update_time.eq(now),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// The active contacts of an operator, in the order of their ids.
#[diesel::dsl::auto_type]
fn active_of(organization_id: OrganizationId, operator_id: OperatorId) -> _ {
    let active: Vec<ContactStatus> = ContactStatus::ACTIVE.to_vec();
    contacts::table
        .filter(contacts::organization_id.eq(organization_id))
        .filter(contacts::operator_id.eq(operator_id))
        .filter(contacts::status.eq_any(active))
        .order(contacts::id)
}

/// Locks the active contacts of an operator.
pub async fn lock_active(tx: &TenantTx, operator_id: OperatorId) -> Result<()> {
    let _: Vec<ContactId> = active_of(tx.organization_id(), operator_id)
        .select(contacts::id)
        .for_no_key_update()
        .load(&mut tx.conn())
        .await?;
    Ok(())
}

/// The active contacts of an operator.
pub async fn active_ids(tx: &TenantTx, operator_id: OperatorId) -> Result<Vec<ContactId>> {
    Ok(active_of(tx.organization_id(), operator_id)
        .select(contacts::id)
        .load(&mut tx.conn())
        .await?)
}

/// Puts the active contacts of an operator who goes in the backlog;
/// returns what they were and what they are. Leaves out those that somebody
/// else has locked: waiting for them while the operator is locked would be the
/// wrong order of locks.
pub async fn release_unlocked(
    tx: &TenantTx,
    operator_id: OperatorId,
) -> Result<(Vec<Contact>, Vec<Contact>)> {
    let before: Vec<Contact> = active_of(tx.organization_id(), operator_id)
        .select(Contact::as_select())
        .for_no_key_update()
        .skip_locked()
        .load(&mut tx.conn())
        .await?;
    let ids = before.iter().map(|contact| contact.id);
    // The transaction may have begun before decisions that it waited for.
    let time = sql::<Timestamptz>("greatest(statement_timestamp(), update_time)");
    let after = diesel::update(contacts::table)
        .filter(contacts::organization_id.eq(tx.organization_id()))
        .filter(contacts::id.eq_any(ids))
        .set((
            contacts::operator_id.eq(None::<OperatorId>),
            contacts::pool_id.eq(None::<PoolId>),
            contacts::backlog_reason.eq(BacklogReason::OperatorDeleted),
            contacts::assign_time.eq(None::<DateTime<Utc>>),
            contacts::revision.eq(contacts::revision + 1),
            contacts::update_time.eq(time),
        ))
        .returning(Contact::as_select())
        .get_results(&mut tx.conn())
        .await?;
    Ok((before, after))
}
