//! What follows from what happened: a transaction's list of changes becomes what the audit
//! tells, what is on the timelines of deals, and what is counted. Nobody else writes these.
//!
//! Called where transactions end: by what commits a call's, and by the batch of contacts.

mod counting;
mod timeline;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture, join};
use rand::Rng;

use self::counting::Counted;
use crate::{
    activities::{self, store::Entry},
    actor::Author,
    audit::{self, Event},
    error::Result,
    ids::OperatorId,
    model::Change,
    platform::db::TenantTx,
    statistics,
};

/// What is written of a transaction's changes.
pub struct Records {
    events: Vec<Event>,
    entries: Vec<Entry>,
    counted: Counted,
}

impl Records {
    /// Of what one author did just now: one event, about all that it was done to.
    pub fn of_call(author: Author, changes: &[Change]) -> Self {
        let mut resource_ids = Vec::new();
        for id in changes.iter().filter_map(Change::resource_id) {
            if !resource_ids.contains(&id) {
                resource_ids.push(id);
            }
        }
        let told = (!resource_ids.is_empty()).then(|| Event::now(author, resource_ids));
        Self {
            events: told.into_iter().collect(),
            entries: timeline::of(changes.iter().map(|change| (author, change))),
            counted: Counted::of(changes),
        }
    }

    /// Of what several did in one transaction at `time`, by the database's clock: an event for
    /// each change, and one for all contacts that an author's method created. Those are of the
    /// same millisecond as the contacts' ids: so they are found.
    pub fn of_batch(rng: &mut impl Rng, time: DateTime<Utc>, changes: &[(Author, Change)]) -> Self {
        let told = changes
            .iter()
            .filter_map(|(author, change)| Some((*author, change, change.resource_id()?)));
        let (new, others): (Vec<_>, Vec<_>) =
            told.partition(|(_, change, _)| matches!(change, Change::ContactCreated { .. }));
        let mut events: Vec<_> = others
            .iter()
            .enumerate()
            .map(|(number, (author, _, id))| Event::at(rng, time, number, *author, *id))
            .collect();
        let created = new.into_iter().map(|(author, _, id)| (author, id));
        events.extend(audit::created(rng, time, created));
        Self {
            events,
            entries: timeline::of(changes.iter().map(|(author, change)| (*author, change))),
            counted: Counted::of(changes.iter().map(|(_, change)| change)),
        }
    }

    /// Writes it, and adds to the loads of operators that are locked: statements that do not
    /// wait for each other's answers.
    pub async fn write(&self, tx: &TenantTx, loads: &BTreeMap<OperatorId, i32>) -> Result<()> {
        let Counted {
            contacts,
            leads,
            deals,
        } = &self.counted;
        // Not `try_join`: all must be sent. Rows that others wait for come last.
        let (audited, told, deals_counted, leads_counted, contacts_counted) = join!(
            audit::store::insert_events(tx, &self.events),
            activities::store::write_entries(tx, &self.entries),
            statistics::store::deals::add_deals(tx, deals),
            statistics::store::add_leads(tx, *leads),
            statistics::store::add_contacts(tx, contacts, loads),
        );
        // The first error is the cause of the others.
        audited?;
        told?;
        deals_counted?;
        leads_counted?;
        contacts_counted
    }
}

/// Writes what happened in a transaction that one author did, as its last statements.
pub async fn write(tx: &TenantTx, author: Author) -> Result<()> {
    let changes = tx.take_changes();
    Records::of_call(author, &changes)
        .write(tx, &BTreeMap::new())
        .await
}

/// The same, for what must not know what follows from changes.
pub fn write_boxed(tx: &TenantTx, author: Author) -> BoxFuture<'_, Result<()>> {
    write(tx, author).boxed()
}

#[cfg(test)]
mod tests;
