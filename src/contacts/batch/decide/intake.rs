//! Takes new contacts in: finds or makes the lead of each, and draws an operator.

use rand::Rng;

use super::super::{
    outcome::Outcome,
    plan::{Created, Item, NewContact, SourceRef},
};
use crate::{
    contacts::store::{
        Contact, ContactStatus,
        assignments::{Assignment, AssignmentKind},
    },
    dispatch::{Demand, Roster, RosterEntry, store::FoundSource},
    error::{Error, Reason, Resource},
    ids::{LeadId, SourceId, id_at, ordered_id_at},
    leads::{
        resolve::{Resolved, Resolver},
        store::Lead,
    },
    model::Change,
};

/// What is taken in.
pub struct Intake {
    pub leads: Resolver,
    /// Each with the decision about it.
    decided: Vec<(Contact, Assignment)>,
}

impl Intake {
    /// Decides about them, one after the other.
    pub fn decide<'a>(
        rng: &mut impl Rng,
        found: Vec<Lead>,
        sources: &[FoundSource],
        roster: &mut Roster,
        new: &[Item<'a, NewContact>],
        outcome: &mut Outcome<'a>,
    ) -> Self {
        let accepted = accept(sources, new, outcome);
        let mut leads = Resolver::new(found, roster.time);
        let resolved: Vec<_> = accepted
            .iter()
            .enumerate()
            .map(|(number, (item, _))| {
                leads.resolve(&item.plan.lead, id_at(rng, roster.time, number))
            })
            .collect();
        let mut decided = Vec::with_capacity(accepted.len());
        for (number, (&(item, source_id), resolved)) in accepted.iter().zip(resolved).enumerate() {
            let lead_id = leads.lead(resolved.lead).id;
            let (contact, assignment) = draw(rng, roster, number, item.plan, source_id, lead_id);
            let operator = contact.operator_id.and_then(|id| roster.entry(id));
            let answer = answer(&contact, operator, &leads, resolved);
            outcome.created(item.index, item.plan, answer);
            let event = Change::ContactCreated {
                id: contact.id,
                contact: (&contact).into(),
            };
            outcome.events.push((item.actor.author(), event));
            decided.push((contact, assignment));
        }
        Self { leads, decided }
    }

    /// The contacts, and the decision about each.
    pub fn contacts(&self) -> (Vec<&Contact>, Vec<&Assignment>) {
        let decided = self.decided.iter();
        decided
            .map(|(contact, assignment)| (contact, assignment))
            .unzip()
    }

    /// How many have an operator, and how many are in the backlog.
    pub fn outcomes(&self) -> (usize, usize) {
        let decided = self.decided.iter();
        let assigned = decided
            .filter(|(contact, _)| contact.operator_id.is_some())
            .count();
        (assigned, self.decided.len() - assigned)
    }
}

/// Accepts those whose source exists and is active, each with its source, and refuses the
/// others.
fn accept<'n, 'a>(
    sources: &[FoundSource],
    new: &'n [Item<'a, NewContact>],
    outcome: &mut Outcome<'a>,
) -> Vec<(&'n Item<'a, NewContact>, SourceId)> {
    let mut accepted = Vec::new();
    for item in new {
        let named = &item.plan.source;
        let found = sources.iter().find(|source| match named {
            SourceRef::Id(id) => source.id == *id,
            SourceRef::Code(code) => source.code == *code,
        });
        let refusal = match (found, named) {
            (Some(source), _) if source.active => {
                accepted.push((item, source.id));
                continue;
            }
            (Some(source), _) => Error::Precondition {
                reason: Reason::SourceInactive,
                kind: Resource::Source,
                id: source.id.into(),
            },
            (None, SourceRef::Id(id)) => Error::not_found(Resource::Source, id),
            (None, SourceRef::Code(code)) => Error::not_found(Resource::Source, code),
        };
        outcome.refuse(item.index, refusal);
    }
    accepted
}

/// The contact with this number among those taken in, and the draw for it.
fn draw(
    rng: &mut impl Rng,
    roster: &mut Roster,
    number: usize,
    new: &NewContact,
    source_id: SourceId,
    lead_id: LeadId,
) -> (Contact, Assignment) {
    let decision = roster.decide(&Demand::of(source_id), rng);
    let choice = decision.choice();
    let operator_id = choice.map(|choice| choice.operator_id);
    let contact = Contact {
        id: id_at(rng, roster.time, number),
        lead_id,
        source_id,
        operator_id,
        pool_id: operator_id.map(|_| decision.pool_id),
        status: ContactStatus::New,
        message: new.message.clone(),
        backlog_reason: decision.backlog_reason(),
        revision: 1,
        create_time: roster.time,
        update_time: roster.time,
        assign_time: operator_id.map(|_| roster.time),
        close_time: None,
    };
    let id = ordered_id_at(rng, roster.time, number);
    let assignment = Assignment {
        operator_id,
        backlog_reason: contact.backlog_reason,
        pool_id: Some(decision.pool_id),
        draw: choice.and_then(|choice| choice.evidence.draw()),
        ..Assignment::new(id, contact.id, AssignmentKind::Automatic, roster.time)
    };
    (contact, assignment)
}

fn answer(
    contact: &Contact,
    operator: Option<&RosterEntry>,
    leads: &Resolver,
    resolved: Resolved,
) -> Created {
    Created {
        contact: contact.clone(),
        lead: leads.lead(resolved.lead).clone(),
        operator: operator.cloned(),
        lead_created: resolved.created,
        conflicting_lead_ids: resolved.conflicting,
    }
}
