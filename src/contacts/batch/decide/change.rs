//! Makes changes of contacts that are locked, as their operators are.

use std::collections::BTreeMap;

use rand::Rng;

use super::{
    super::{
        outcome::Outcome,
        plan::{Change, Item, Target},
    },
    reassign, status,
};
use crate::{
    actor::Actor,
    contacts::store::{Contact, assignments::Assignment},
    dispatch::Roster,
    error::{Error, Reason, Resource, Result},
    ids::{ContactId, OperatorId, UserId, ordered_id_at},
    model::{self, change::ContactFacts},
};

/// What becomes of contacts.
pub struct Changes {
    before: BTreeMap<ContactId, Contact>,
    after: BTreeMap<ContactId, Contact>,
    pub history: Vec<Assignment>,
    /// Operators with the users they are linked with.
    linked: Vec<(OperatorId, UserId)>,
}

impl Changes {
    /// Makes them, one after the other.
    pub fn make<'a>(
        rng: &mut impl Rng,
        contacts: BTreeMap<ContactId, Contact>,
        linked: Vec<(OperatorId, UserId)>,
        roster: &mut Roster,
        planned: &[Item<'a, Change>],
        outcome: &mut Outcome<'a>,
    ) -> Self {
        let mut changes = Self {
            before: contacts.clone(),
            after: contacts,
            history: Vec::new(),
            linked,
        };
        for item in planned {
            let change = item.plan;
            match changes.apply(rng, roster, item.actor, change) {
                Ok((contact, event)) => {
                    let author = item.actor.author();
                    outcome.events.extend(event.map(|event| (author, event)));
                    outcome.changed(item.index, change, contact);
                }
                Err(error) => outcome.refuse(item.index, error),
            }
        }
        changes
    }

    /// Makes one change, or none of it: the contact, and what happened to it, if anything did.
    fn apply(
        &mut self,
        rng: &mut impl Rng,
        roster: &mut Roster,
        actor: &Actor,
        change: &Change,
    ) -> Result<(Contact, Option<model::Change>)> {
        let contact = self.after.get_mut(&change.id);
        let contact = contact.ok_or_else(|| Error::not_found(Resource::Contact, change.id))?;
        if let Some(user_id) = actor.restricted_to_user() {
            let linked = |operator_id| self.linked.contains(&(operator_id, user_id));
            if !contact.operator_id.is_some_and(linked) {
                return Err(Error::Denied(Reason::NotOwn));
            }
        }
        let (revision, before) = (contact.revision, ContactFacts::from(&*contact));
        let id = ordered_id_at(rng, roster.time, self.history.len());
        let force = change.force;
        let decision = match change.target {
            Target::Status(status) => status::set(contact, roster, id, status, force)?,
            Target::Operator(Some(named)) => reassign::give(contact, roster, id, named, force)?,
            Target::Operator(None) => Some(reassign::draw(contact, roster, id, rng)?),
            Target::Backlog => reassign::take_back(contact, roster, id)?,
        };
        let is_changed = decision.is_some() || contact.revision != revision;
        self.history.extend(decision);
        let event = is_changed.then(|| model::Change::ContactChanged {
            id: contact.id,
            before,
            after: ContactFacts::from(&*contact),
        });
        Ok((contact.clone(), event))
    }

    /// Those that changed, as they were and as they are.
    pub fn changed(&self) -> (Vec<&Contact>, Vec<&Contact>) {
        let contacts = self.before.values().zip(self.after.values());
        contacts
            .filter(|(before, after)| before.revision != after.revision)
            .unzip()
    }
}
