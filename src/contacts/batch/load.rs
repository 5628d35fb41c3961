//! Locks and reads what a batch needs, in the order of locks, in one round trip. With changes
//! it is two: whose operators to lock is known once the contacts are.

use std::collections::{BTreeMap, HashMap};

use futures_util::join;

use super::{
    outcome::Outcome,
    plan::{Change, Item, NewContact, Plan, SourceRef, Target, Write},
};
use crate::{
    contacts::store::{self, Contact},
    dispatch::{
        Roster,
        store::{FoundSource, SourceKeys, lock_roster},
    },
    error::Result,
    ids::{ContactId, OperatorId, SourceId, UserId},
    leads::{self, LeadIdentity, store::Lead},
    operators,
    platform::{db::TenantTx, idempotency},
};

/// What is to be done, and what is decided about it from.
pub struct Loaded<'a> {
    pub new: Vec<Item<'a, NewContact>>,
    pub changes: Vec<Item<'a, Change>>,
    /// The leads that the new contacts may be of, locked.
    pub leads: Vec<Lead>,
    /// The contacts that are changed, by id, locked.
    pub contacts: BTreeMap<ContactId, Contact>,
    /// The sources that are named and exist.
    pub sources: Vec<FoundSource>,
    /// All operators whose load may change, locked.
    pub roster: Roster,
    /// Operators with the users they are linked with, as far as it is asked.
    pub linked: Vec<(OperatorId, UserId)>,
}

/// Loads what the batch needs. What was done before is answered, and left out.
pub async fn load<'a>(tx: &TenantTx, batch: &[&'a Write]) -> Result<(Loaded<'a>, Outcome<'a>)> {
    let (mut new, mut changes) = split(batch);
    let keys: Vec<_> = batch.iter().filter_map(|write| write.key()).collect();
    let mut keys_of_sources = named_sources(&new);
    let (replays, leads, contacts, locked) = join!(
        idempotency::find(tx, &keys),
        lock_leads(tx, &new),
        lock_contacts(tx, &changes),
        async {
            match changes[..] {
                [] => Some(lock_roster(tx, &keys_of_sources, &[]).await),
                _ => None,
            }
        },
    );
    let outcome = Outcome::of(batch, replays?);
    let (leads, contacts) = (leads?, contacts?);
    new.retain(|item| outcome.is_open(item.index));
    changes.retain(|item| outcome.is_open(item.index));
    let (locked, linked) = if let Some(locked) = locked {
        (locked, Ok(Vec::new()))
    } else {
        let LockSet {
            draw_sources,
            operators,
        } = operators_to_lock(&changes, &contacts);
        keys_of_sources.ids.extend(draw_sources);
        let users = restricted_to_users(&changes);
        join!(
            lock_roster(tx, &keys_of_sources, &operators),
            operators::store::linked_with(tx, &users),
        )
    };
    let (roster, sources) = locked?;
    let loaded = Loaded {
        new,
        changes,
        leads,
        contacts,
        sources,
        roster,
        linked: linked?,
    };
    Ok((loaded, outcome))
}

pub fn split<'a>(batch: &[&'a Write]) -> (Vec<Item<'a, NewContact>>, Vec<Item<'a, Change>>) {
    let (mut new, mut changes) = (Vec::new(), Vec::new());
    for (index, write) in batch.iter().enumerate() {
        let actor = &write.actor;
        match &write.plan {
            Plan::Create(plan) => new.push(Item { index, actor, plan }),
            Plan::Change(plan) => changes.push(Item { index, actor, plan }),
        }
    }
    (new, changes)
}

pub fn named_sources<'a>(new: &[Item<'a, NewContact>]) -> SourceKeys<'a> {
    let mut sources = SourceKeys::default();
    for item in new {
        match &item.plan.source {
            SourceRef::Id(id) => sources.ids.insert(*id),
            SourceRef::Code(code) => sources.codes.insert(code),
        };
    }
    sources
}

/// The leads that have one of the identifiers.
async fn lock_leads(tx: &TenantTx, new: &[Item<'_, NewContact>]) -> Result<Vec<Lead>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let values = |value: fn(&LeadIdentity) -> &Option<String>| -> Vec<&str> {
        let leads = new.iter().map(|item| &item.plan.lead);
        leads.filter_map(|lead| value(lead).as_deref()).collect()
    };
    leads::store::lock_by_identifiers(
        tx,
        &values(|lead| &lead.external_id),
        &values(|lead| &lead.phone),
        &values(|lead| &lead.email),
    )
    .await
}

async fn lock_contacts(
    tx: &TenantTx,
    changes: &[Item<'_, Change>],
) -> Result<BTreeMap<ContactId, Contact>> {
    if changes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut ids: Vec<_> = changes.iter().map(|item| item.plan.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let contacts = store::lock_all(tx, &ids).await?;
    let by_id = contacts.into_iter().map(|contact| (contact.id, contact));
    Ok(by_id.collect())
}

/// Whose operators to lock.
pub struct LockSet {
    /// The sources in which there will be a draw: all of theirs.
    pub draw_sources: Vec<SourceId>,
    /// These as well, whose loads may change.
    pub operators: Vec<OperatorId>,
}

pub fn operators_to_lock(
    changes: &[Item<'_, Change>],
    contacts: &BTreeMap<ContactId, Contact>,
) -> LockSet {
    let (mut draw_sources, mut operators) = (Vec::new(), Vec::new());
    let mut seen: HashMap<ContactId, i32> = HashMap::new();
    for Item { plan: change, .. } in changes {
        let Some(contact) = contacts.get(&change.id) else {
            continue;
        };
        let times = seen.entry(change.id).or_default();
        *times += 1;
        match change.target {
            Target::Status(status)
                if *times == 1 && status.is_active() == contact.status.is_active() =>
            {
                continue;
            }
            Target::Status(_) | Target::Backlog => {}
            Target::Operator(None) => draw_sources.push(contact.source_id),
            Target::Operator(Some(named)) => operators.push(named),
        }
        operators.extend(contact.operator_id);
    }
    operators.sort_unstable();
    operators.dedup();
    LockSet {
        draw_sources,
        operators,
    }
}

/// The users whose own contacts only may be changed.
fn restricted_to_users(changes: &[Item<'_, Change>]) -> Vec<UserId> {
    changes
        .iter()
        .filter_map(|item| item.actor.restricted_to_user())
        .collect()
}
