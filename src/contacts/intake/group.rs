//! Takes in the new contacts of a group: what they need is looked up and locked, then
//! everything is decided in memory.

use uuid::Uuid;

use super::{
    NewContact, SourceRef,
    decide::{Accepted, Decided, decide},
};
use crate::{
    audit,
    contacts::{
        store::{Contact, assignments::Assignment},
        write::{Outcome, Written},
    },
    dispatch::{
        Roster,
        store::{FoundSource, SourceKeys},
    },
    error::{Error, Result, SOURCE_INACTIVE},
    leads::{self, Identity, resolve::Resolver, store::Lead},
    platform::db::Conn,
};

/// The new contacts of a group, each with its place.
type New<'a> = [(usize, &'a NewContact)];

/// The sources that they name.
pub fn named_sources<'a>(new: &New<'a>) -> SourceKeys<'a> {
    let mut sources = SourceKeys::default();
    for (_, contact) in new {
        match &contact.source {
            SourceRef::Id(id) => sources.ids.insert(*id),
            SourceRef::Code(code) => sources.codes.insert(code),
        };
    }
    sources
}

/// The leads that have one of their identifiers, locked.
pub async fn lock_leads(conn: &Conn, organization_id: Uuid, new: &New<'_>) -> Result<Vec<Lead>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let values = |value: fn(&Identity) -> &Option<String>| -> Vec<&str> {
        let identities = new.iter().map(|(_, contact)| &contact.identity);
        identities
            .filter_map(|identity| value(identity).as_deref())
            .collect()
    };
    leads::store::lock_by_identifiers(
        conn,
        organization_id,
        &values(|identity| &identity.external_id),
        &values(|identity| &identity.phone),
        &values(|identity| &identity.email),
    )
    .await
}

/// What is taken in.
pub struct Intake {
    /// Their leads.
    pub leads: Resolver,
    decided: Vec<Decided>,
}

impl Intake {
    /// Decides about them, one after the other.
    pub fn decide(
        found: Vec<Lead>,
        sources: &[FoundSource],
        roster: &mut Roster,
        new: &New<'_>,
        outcome: &mut Outcome<'_>,
    ) -> Self {
        let accepted = accept(sources, new, outcome);
        let mut leads = Resolver::new(found, roster.time);
        let resolved: Vec<_> = accepted
            .iter()
            .map(|accepted| leads.resolve(&accepted.new.identity, Uuid::now_v7()))
            .collect();
        let decided = decide(&mut rand::rng(), roster, &leads, &accepted, &resolved);
        for ((accepted, resolved), decided) in accepted.iter().zip(&resolved).zip(&decided) {
            let response = Written::New(Box::new(decided.answer(&leads, resolved)));
            outcome.done(accepted.place, response);
        }
        let created = accepted.iter().zip(&decided).map(|(accepted, decided)| {
            let (identity, method) = accepted.new.call;
            (identity, method, decided.contact.id)
        });
        outcome.events.extend(audit::created(roster.time, created));
        Self { leads, decided }
    }

    /// The contacts, and the decision about each.
    pub fn contacts(&self) -> (Vec<&Contact>, Vec<&Assignment>) {
        let decided = self.decided.iter();
        decided
            .map(|decided| (&decided.contact, &decided.assignment))
            .unzip()
    }

    /// How many have an operator, and how many are in the backlog.
    pub fn outcomes(&self) -> (usize, usize) {
        let assigned = |decided: &&Decided| decided.contact.operator_id.is_some();
        let assigned = self.decided.iter().filter(assigned).count();
        (assigned, self.decided.len() - assigned)
    }
}

/// Accepts those whose source exists and is active, and refuses the others.
fn accept<'a>(
    sources: &[FoundSource],
    new: &New<'a>,
    outcome: &mut Outcome<'_>,
) -> Vec<Accepted<'a>> {
    let mut accepted = Vec::new();
    for &(place, new) in new {
        let found = sources.iter().find(|source| match &new.source {
            SourceRef::Id(id) => source.id == *id,
            SourceRef::Code(code) => source.code == *code,
        });
        let refusal = match (found, &new.source) {
            (Some(source), _) if source.active => {
                accepted.push(Accepted {
                    place,
                    new,
                    source_id: source.id,
                });
                continue;
            }
            (Some(source), _) => Error::Precondition {
                reason: SOURCE_INACTIVE,
                kind: "source",
                id: source.id,
            },
            (None, SourceRef::Id(id)) => Error::not_found("source", id),
            (None, SourceRef::Code(code)) => Error::not_found("source", code),
        };
        outcome.refuse(place, refusal);
    }
    accepted
}
