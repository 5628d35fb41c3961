//! Finds or creates the leads of a batch of contacts, in memory: pure, given
//! the leads that have one of the identifiers. Requests are resolved one after
//! the other, each seeing what those before it created or filled in.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{LeadIdentity, store::Lead};

use crate::ids::LeadId;

/// What an identity turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The lead: an index for [`Resolver::lead`].
    pub lead: usize,
    pub created: bool,
    /// Other leads that the identifiers point at.
    pub conflicting: Vec<LeadId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Known,
    Filled,
    New,
}

#[derive(Debug)]
pub struct Resolver {
    time: DateTime<Utc>,
    leads: Vec<(Lead, State)>,
    by_external_id: HashMap<String, usize>,
    by_phone: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
}

impl Resolver {
    /// Begins with all leads that have one of the batch's identifiers. What it
    /// creates or changes, it does at `time`.
    pub fn new(found: Vec<Lead>, time: DateTime<Utc>) -> Self {
        let mut resolver = Self {
            time,
            leads: Vec::new(),
            by_external_id: HashMap::new(),
            by_phone: HashMap::new(),
            by_email: HashMap::new(),
        };
        for lead in found {
            resolver.add(lead, State::Known);
        }
        resolver
    }

    /// The lead of this identity: by `external_id`, else `phone`, else `email`,
    /// else a new one with the id `new_id`. What the lead lacks is filled in,
    /// as far as no other lead has it.
    pub fn resolve(&mut self, identity: &LeadIdentity, new_id: LeadId) -> Resolved {
        let hit = |map: &HashMap<String, usize>, value: &Option<String>| {
            value.as_ref().and_then(|value| map.get(value)).copied()
        };
        let hits = [
            hit(&self.by_external_id, &identity.external_id),
            hit(&self.by_phone, &identity.phone),
            hit(&self.by_email, &identity.email),
        ];
        let Some(lead) = hits.into_iter().flatten().next() else {
            let lead = self.add(new_lead(identity, new_id, self.time), State::New);
            return Resolved {
                lead,
                created: true,
                conflicting: Vec::new(),
            };
        };
        let mut conflicting = Vec::new();
        for other in hits.into_iter().flatten() {
            let id = self.leads[other].0.id;
            if other != lead && !conflicting.contains(&id) {
                conflicting.push(id);
            }
        }
        self.fill(lead, identity, hits);
        Resolved {
            lead,
            created: false,
            conflicting,
        }
    }

    /// The lead as it is after the batch.
    pub fn lead(&self, index: usize) -> &Lead {
        &self.leads[index].0
    }

    pub fn created(&self) -> Vec<&Lead> {
        self.in_state(State::New)
    }

    /// The leads to update, with their next revision and time.
    pub fn filled(&self) -> Vec<&Lead> {
        self.in_state(State::Filled)
    }

    fn in_state(&self, state: State) -> Vec<&Lead> {
        let leads = self.leads.iter().filter(|lead| lead.1 == state);
        leads.map(|lead| &lead.0).collect()
    }

    fn add(&mut self, lead: Lead, state: State) -> usize {
        let index = self.leads.len();
        if let Some(value) = &lead.external_id {
            self.by_external_id.insert(value.clone(), index);
        }
        if let Some(value) = &lead.phone {
            self.by_phone.insert(value.clone(), index);
        }
        if let Some(value) = &lead.email {
            self.by_email.insert(value.clone(), index);
        }
        self.leads.push((lead, state));
        index
    }

    /// Fills in what the lead lacks and nobody has: `hits` says who has what.
    fn fill(&mut self, index: usize, identity: &LeadIdentity, hits: [Option<usize>; 3]) {
        let (lead, state) = &mut self.leads[index];
        let slots = [
            (
                &mut lead.external_id,
                &identity.external_id,
                &mut self.by_external_id,
            ),
            (&mut lead.phone, &identity.phone, &mut self.by_phone),
            (&mut lead.email, &identity.email, &mut self.by_email),
        ];
        let mut filled = false;
        for ((own, given, map), hit) in slots.into_iter().zip(hits) {
            if let (None, Some(value), None) = (&own, given, hit) {
                *own = Some(value.clone());
                map.insert(value.clone(), index);
                filled = true;
            }
        }
        if lead.name.is_empty() && !identity.name.is_empty() {
            lead.name.clone_from(&identity.name);
            filled = true;
        }
        if filled && *state == State::Known {
            *state = State::Filled;
            lead.revision += 1;
            lead.update_time = self.time;
        }
    }
}

fn new_lead(identity: &LeadIdentity, id: LeadId, time: DateTime<Utc>) -> Lead {
    Lead {
        id,
        external_id: identity.external_id.clone(),
        phone: identity.phone.clone(),
        email: identity.email.clone(),
        name: identity.name.clone(),
        owner_user_id: None,
        revision: 1,
        create_time: time,
        update_time: time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(external_id: &str, phone: &str, email: &str) -> LeadIdentity {
        let some = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        LeadIdentity {
            external_id: some(external_id),
            phone: some(phone),
            email: some(email),
            name: String::new(),
        }
    }

    fn id(id: u128) -> LeadId {
        LeadId::from_u128(id)
    }

    #[test]
    fn a_group_sees_what_it_created_and_filled_in() {
        let mut resolver = Resolver::new(Vec::new(), DateTime::UNIX_EPOCH);
        let first = resolver.resolve(&identity("a", "", ""), id(1));
        assert!(first.created);
        // The same lead brings a phone; then it is found by that phone alone.
        for known in [
            identity("a", "+1", ""),
            identity("", "+1", ""),
            identity("", "+1", "e"),
        ] {
            let again = resolver.resolve(&known, id(2));
            assert_eq!(
                again,
                Resolved {
                    lead: first.lead,
                    created: false,
                    conflicting: vec![]
                }
            );
        }
        assert_eq!(resolver.lead(first.lead).email.as_deref(), Some("e"));
        assert_eq!(resolver.created().len(), 1);
        assert!(
            resolver.filled().is_empty(),
            "a lead that is inserted is not updated too"
        );
    }

    #[test]
    fn identifiers_of_different_leads_win_in_order_and_nothing_is_merged() {
        let found = [
            identity("a", "", ""),
            identity("", "+2", ""),
            identity("", "", "c"),
        ];
        let found = found
            .iter()
            .zip(1..)
            .map(|(lead, n)| new_lead(lead, id(n), DateTime::UNIX_EPOCH))
            .collect();
        let mut resolver = Resolver::new(found, DateTime::UNIX_EPOCH);
        let first = resolver.resolve(&identity("a", "+2", "c"), id(9));
        assert_eq!(resolver.lead(first.lead).id, id(1));
        assert_eq!(first.conflicting, [id(2), id(3)]);
        let second = resolver.resolve(&identity("new", "+2", "c"), id(9));
        assert_eq!(resolver.lead(second.lead).id, id(2));
        assert_eq!(second.conflicting, [id(3)]);
        let filled: Vec<_> = resolver.filled().iter().map(|lead| lead.id).collect();
        assert_eq!(filled, [id(2)]);
        assert_eq!(
            resolver.lead(second.lead).external_id.as_deref(),
            Some("new")
        );
        assert_eq!(resolver.lead(second.lead).revision, 2);
    }
}
