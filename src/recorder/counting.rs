//! By how much changes change what is counted.

use std::{collections::BTreeMap, slice};

use crate::{
    model::{
        Change,
        change::{ContactFacts, DealFacts},
    },
    statistics::{Counts, store::deals},
};

/// What comes and goes.
pub struct Counted {
    pub contacts: Counts,
    pub leads: i64,
    pub deals: BTreeMap<deals::DealRollup, deals::DealDelta>,
}

impl Counted {
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let (mut old_contacts, mut new_contacts) = (Vec::new(), Vec::new());
        let (mut old_deals, mut new_deals) = (Vec::new(), Vec::new());
        let mut leads = 0;
        for change in changes {
            let [before, after] = contacts(change);
            old_contacts.extend_from_slice(before);
            new_contacts.extend_from_slice(after);
            let (before, after) = deals(change);
            old_deals.extend(before);
            new_deals.extend(after);
            leads += match change {
                Change::LeadCreated(_) => 1,
                Change::LeadDeleted { .. } => -1,
                _ => 0,
            };
        }
        Self {
            contacts: Counts::of(old_contacts, new_contacts),
            leads,
            deals: deals::changes(old_deals, new_deals),
        }
    }
}

/// The contacts of a change, before and after.
fn contacts(change: &Change) -> [&[ContactFacts]; 2] {
    match change {
        Change::ContactCreated { contact, .. } => [&[], slice::from_ref(contact)],
        Change::ContactChanged { before, after, .. } => {
            [slice::from_ref(before), slice::from_ref(after)]
        }
        Change::ContactsReleased { before, after } => [before, after],
        Change::LeadDeleted { contacts, .. } => [contacts, &[]],
        _ => [&[], &[]],
    }
}

/// The deal of a change, before and after.
fn deals(change: &Change) -> (Option<&DealFacts>, Option<&DealFacts>) {
    match change {
        Change::DealCreated(deal) => (None, Some(deal)),
        Change::DealChanged { before, after } | Change::DealHandedOver { before, after } => {
            (Some(before), Some(after))
        }
        Change::DealDeleted(deal) => (Some(deal), None),
        _ => (None, None),
    }
}
