//! Changes a group of contacts in one transaction of three round trips: the
//! first locks the contacts, the second the operators concerned, then everything
//! is decided in memory, the third writes and commits.

use std::collections::{BTreeMap, HashMap};

use futures_util::join;
use prost::Message;
use uuid::Uuid;

use super::{Change, Target, reassign, status};
use crate::{
    audit::{self, Event},
    contacts::store::{
        self, Contact,
        assignments::{self, Assignment},
    },
    db::Transaction,
    distribution::{
        Roster,
        store::{KnownPools, SourceKeys, lock_roster, save_pools},
    },
    error::{Error, NOT_OWN, Result},
    grouped, operators, proto,
    request_id::{self, Claim},
    statistics::{self, Counts},
};

/// The transaction. An error rolls all of it back.
pub async fn change_all(
    transaction: &Transaction,
    organization_id: Uuid,
    known_pools: &KnownPools,
    group: &[&Change],
) -> Result<Vec<Result<proto::Contact>>> {
    let claims: Vec<_> = group.iter().filter_map(|job| job.claim.as_ref()).collect();
    let mut ids: Vec<_> = group.iter().map(|change| change.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let (claimed, locked) = join!(
        request_id::find(transaction, organization_id, &claims),
        store::lock_all(transaction, organization_id, &ids),
    );
    let mut answers = grouped::replay(group, claimed?);
    let before: BTreeMap<_, _> = locked?.into_iter().map(|c| (c.id, c)).collect();

    let (sources, others) = concerned(group, &before);
    let users: Vec<_> = group.iter().filter_map(|change| change.only_for).collect();
    let (locked, linked) = join!(
        lock_roster(transaction, organization_id, &sources, &others),
        operators::store::linked_with(transaction, organization_id, &users),
    );
    let mut roster = locked?.0;
    let mut changed = Changed {
        contacts: before.clone(),
        history: Vec::new(),
        kept: Vec::new(),
        events: Vec::new(),
        linked: linked?,
    };
    for (change, answer) in group.iter().zip(&mut answers) {
        if answer.is_none() {
            *answer = Some(changed.apply(&mut roster, change));
        }
    }

    let (before, after): (Vec<_>, Vec<_>) = before
        .values()
        .zip(changed.contacts.values())
        .filter(|(before, after)| before.revision != after.revision)
        .unzip();
    let counts = Counts::of(before.iter().copied(), after.iter().copied());
    let new_pools = known_pools.unknown(&roster)?;
    let history: Vec<_> = changed.history.iter().collect();
    let loads = loads(&before, &after);
    let last = async {
        // All are sent; the first error is the cause of the others.
        let (pools, contacts, history, kept, events, counts) = join!(
            save_pools(transaction, organization_id, &new_pools),
            store::update_all(transaction, organization_id, &after),
            assignments::insert_all(transaction, organization_id, &history),
            request_id::insert(transaction, organization_id, &changed.kept),
            audit::store::insert(transaction, organization_id, &changed.events),
            statistics::store::apply(transaction, organization_id, &counts, &loads),
        );
        pools?;
        contacts?;
        history?;
        kept?;
        events?;
        counts
    };
    transaction.commit_with(last).await?;
    known_pools.add(&new_pools);
    Ok(grouped::all(answers))
}

/// The sources in which there will be a draw, and the other operators whose
/// loads may change.
fn concerned(
    group: &[&Change],
    contacts: &BTreeMap<Uuid, Contact>,
) -> (SourceKeys<'static>, Vec<Uuid>) {
    let (mut sources, mut others) = (SourceKeys::default(), Vec::new());
    let mut changes: HashMap<Uuid, i32> = HashMap::new();
    for change in group {
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
            Target::Status(_) => {}
            Target::Operator(None) => sources.ids.push(contact.source_id),
            Target::Operator(Some(named)) => others.push(named),
        }
        others.extend(contact.operator_id);
    }
    sources.ids.sort_unstable();
    sources.ids.dedup();
    others.sort_unstable();
    others.dedup();
    (sources, others)
}

/// The contacts of a group as they become, and how.
struct Changed<'a> {
    contacts: BTreeMap<Uuid, Contact>,
    history: Vec<Assignment>,
    kept: Vec<(&'a Claim, Vec<u8>)>,
    events: Vec<Event>,
    /// Operators with the users they are linked with.
    linked: Vec<(Uuid, Uuid)>,
}

impl<'a> Changed<'a> {
    /// Does one change, or none of it.
    fn apply(&mut self, roster: &mut Roster, change: &'a Change) -> Result<proto::Contact> {
        let contact = self.contacts.get_mut(&change.id);
        let contact = contact.ok_or_else(|| Error::not_found("contact", change.id))?;
        if let Some(user_id) = change.only_for {
            let linked = |operator_id| self.linked.contains(&(operator_id, user_id));
            if !contact.operator_id.is_some_and(linked) {
                return Err(Error::Denied(NOT_OWN));
            }
        }
        let decision = match change.target {
            Target::Status(status) => status::set(contact, roster, status, change.force)?,
            Target::Operator(Some(named)) => reassign::give(contact, roster, named, change.force)?,
            Target::Operator(None) => reassign::draw(contact, roster)?,
        };
        let answer = proto::Contact::from(contact.clone());
        self.history.extend(decision);
        let (identity, method) = change.call;
        self.events.push(Event::now(identity, method, change.id));
        if let Some(claim) = &change.claim {
            self.kept.push((claim, answer.encode_to_vec()));
        }
        Ok(answer)
    }
}

/// By how much the operators' loads change.
fn loads(before: &[&Contact], after: &[&Contact]) -> BTreeMap<Uuid, i32> {
    let mut loads: BTreeMap<_, i32> = BTreeMap::new();
    for (contacts, count) in [(before, -1), (after, 1)] {
        let active = contacts.iter().filter(|contact| contact.status.is_active());
        for operator_id in active.filter_map(|contact| contact.operator_id) {
            *loads.entry(operator_id).or_default() += count;
        }
    }
    // Those that stay as they are have not been locked.
    loads.retain(|_, count| *count != 0);
    loads
}
