//! Makes the changes of a group in memory, of contacts and operators that are locked.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Change, Target, reassign, status};
use crate::{
    audit::Event,
    contacts::{
        store::{self, Contact, assignments::Assignment},
        write::{Outcome, Written},
    },
    dispatch::Roster,
    error::{Error, NOT_OWN, Result},
    platform::db::Conn,
    proto,
};

/// The changes of a group, each with its place.
type Planned<'a> = [(usize, &'a Change)];

/// The contacts that they change, by id, locked.
pub async fn lock_contacts(
    conn: &Conn,
    organization_id: Uuid,
    changes: &Planned<'_>,
) -> Result<BTreeMap<Uuid, Contact>> {
    if changes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut ids: Vec<_> = changes.iter().map(|(_, change)| change.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let contacts = store::lock_all(conn, organization_id, &ids).await?;
    Ok(contacts
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect())
}

/// The sources in which there will be a draw, and the other operators whose
/// loads may change.
pub fn concerned(
    planned: &Planned<'_>,
    contacts: &BTreeMap<Uuid, Contact>,
) -> (Vec<Uuid>, Vec<Uuid>) {
    let (mut sources, mut others) = (Vec::new(), Vec::new());
    let mut changes: HashMap<Uuid, i32> = HashMap::new();
    for (_, change) in planned {
        let Some(contact) = contacts.get(&change.id) else {
            continue;
        };
        let before = changes.entry(change.id).or_default();
        *before += 1;
        match change.target {
            Target::Status(status)
                if *before == 1 && status.is_active() == contact.status.is_active() =>
            {
                continue;
            }
            Target::Status(_) | Target::Backlog => {}
            Target::Operator(None) => sources.push(contact.source_id),
            Target::Operator(Some(named)) => others.push(named),
        }
        others.extend(contact.operator_id);
    }
    others.sort_unstable();
    others.dedup();
    (sources, others)
}

/// The users whose own contacts only may be changed.
pub fn users(planned: &Planned<'_>) -> Vec<Uuid> {
    planned
        .iter()
        .filter_map(|(_, change)| change.only_for)
        .collect()
}

/// What becomes of contacts.
pub struct Changes {
    before: BTreeMap<Uuid, Contact>,
    after: BTreeMap<Uuid, Contact>,
    /// The decisions about them.
    pub history: Vec<Assignment>,
    /// Operators with the users they are linked with.
    linked: Vec<(Uuid, Uuid)>,
}

impl Changes {
    /// Makes them, one after the other.
    pub fn make(
        contacts: BTreeMap<Uuid, Contact>,
        linked: Vec<(Uuid, Uuid)>,
        roster: &mut Roster,
        planned: &Planned<'_>,
        outcome: &mut Outcome<'_>,
    ) -> Self {
        let mut changes = Self {
            before: contacts.clone(),
            after: contacts,
            history: Vec::new(),
            linked,
        };
        for &(place, change) in planned {
            match changes.apply(roster, change) {
                Ok((contact, happened)) => {
                    let (identity, method) = change.call;
                    let event = happened.then(|| Event::now(identity, method, change.id));
                    outcome.events.extend(event);
                    outcome.done(place, Written::Change(Box::new(contact)));
                }
                Err(error) => outcome.refuse(place, error),
            }
        }
        changes
    }

    /// Makes one change, or none of it: the contact, and whether anything happened to it.
    fn apply(&mut self, roster: &mut Roster, change: &Change) -> Result<(proto::Contact, bool)> {
        let contact = self.after.get_mut(&change.id);
        let contact = contact.ok_or_else(|| Error::not_found("contact", change.id))?;
        if let Some(user_id) = change.only_for {
            let linked = |operator_id| self.linked.contains(&(operator_id, user_id));
            if !contact.operator_id.is_some_and(linked) {
                return Err(Error::Denied(NOT_OWN));
            }
        }
        let revision = contact.revision;
        let decision = match change.target {
            Target::Status(status) => status::set(contact, roster, status, change.force)?,
            Target::Operator(Some(named)) => reassign::give(contact, roster, named, change.force)?,
            Target::Operator(None) => reassign::draw(contact, roster)?,
            Target::Backlog => reassign::take_back(contact, roster)?,
        };
        let happened = decision.is_some() || contact.revision != revision;
        self.history.extend(decision);
        Ok((contact.clone().into(), happened))
    }

    /// Those that changed, as they were and as they are.
    pub fn changed(&self) -> (Vec<&Contact>, Vec<&Contact>) {
        let contacts = self.before.values().zip(self.after.values());
        contacts
            .filter(|(before, after)| before.revision != after.revision)
            .unzip()
    }
}
