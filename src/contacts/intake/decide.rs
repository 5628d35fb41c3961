//! Decides who gets the contacts of a group: in memory, one after the other.

use rand::Rng;
use uuid::Uuid;

use super::NewContact;
use crate::{
    contacts::store::{
        Contact, ContactStatus,
        assignments::{Assignment, AssignmentKind},
    },
    dispatch::{Member, Roster},
    ids::id_at,
    leads::resolve::{Resolved, Resolver},
    operators,
    proto::CreateContactResponse,
};

/// A contact whose source is known and active.
pub struct Accepted<'a> {
    /// Its place in the group.
    pub place: usize,
    /// The contact.
    pub new: &'a NewContact,
    /// Its source.
    pub source_id: Uuid,
}

/// Draws for each contact, whose lead is `resolved` at the same place.
pub fn decide(
    rng: &mut impl Rng,
    roster: &mut Roster,
    leads: &Resolver,
    accepted: &[Accepted<'_>],
    resolved: &[Resolved],
) -> Vec<Decided> {
    let contacts = accepted.iter().zip(resolved);
    contacts
        .enumerate()
        .map(|(number, (accepted, resolved))| {
            let decision = roster.decide(rng, accepted.source_id, None);
            let pick = decision.outcome.ok();
            let operator_id = pick.map(|pick| pick.operator_id);
            let contact = Contact {
                id: id_at(roster.time, number),
                lead_id: leads.lead(resolved.lead).id,
                source_id: accepted.source_id,
                operator_id,
                pool_id: operator_id.map(|_| decision.pool_id),
                status: ContactStatus::New,
                message: accepted.new.message.clone(),
                backlog_reason: decision.outcome.err(),
                revision: 1,
                create_time: roster.time,
                update_time: roster.time,
                assign_time: operator_id.map(|_| roster.time),
                close_time: None,
            };
            let assignment = Assignment {
                operator_id,
                backlog_reason: contact.backlog_reason,
                pool_id: Some(decision.pool_id),
                draw: pick.and_then(|pick| i64::try_from(pick.draw).ok()),
                ..Assignment::new(contact.id, AssignmentKind::Automatic, roster.time)
            };
            let operator = operator_id.and_then(|id| roster.member(id)).cloned();
            Decided {
                contact,
                assignment,
                operator,
            }
        })
        .collect()
}

/// A contact with its decision.
pub struct Decided {
    /// The contact, to be inserted.
    pub contact: Contact,
    /// The decision, to be inserted.
    pub assignment: Assignment,
    /// The operator right after.
    operator: Option<Member>,
}

impl Decided {
    /// What the caller is answered.
    pub fn answer(&self, leads: &Resolver, resolved: &Resolved) -> CreateContactResponse {
        CreateContactResponse {
            contact: Some(self.contact.clone().into()),
            lead: Some(leads.lead(resolved.lead).clone().into()),
            operator: self.operator.clone().map(|member| {
                let counted = member.operator.window_limit.is_some();
                operators::answer(
                    member.operator,
                    if counted { member.window_load } else { 0 },
                )
            }),
            lead_created: resolved.created,
            conflicting_lead_ids: resolved.conflicting.iter().map(Uuid::to_string).collect(),
            assigned: self.contact.operator_id.is_some(),
        }
    }
}
