//! Writes a group in one transaction of two round trips: the first reads and locks,
//! then everything is decided in memory, the second writes and commits. With changes
//! it is three: whose operators to lock is known once the contacts are.

use std::collections::BTreeMap;

use futures_util::join;
use uuid::Uuid;

use super::{Outcome, Write, Written};
use crate::{
    audit,
    contacts::{
        change::{self, Changes},
        intake::{self, Intake},
        store::{self, Contact, assignments},
    },
    dispatch::store::{KnownPools, PoolRow, lock_roster, save_pools},
    error::Result,
    leads, operators,
    platform::{
        batch::{self, Job},
        db::{Conn, Transaction},
        idempotency,
        telemetry::metrics,
    },
    statistics::{self, Counts},
};

/// The transaction. An error rolls all of it back.
pub async fn write_all(
    transaction: &Transaction,
    organization_id: Uuid,
    known_pools: &KnownPools,
    group: &[&Write],
) -> Result<Vec<Result<Written>>> {
    let (mut new, mut changes) = (Vec::new(), Vec::new());
    for (place, write) in group.iter().enumerate() {
        match write {
            Write::New(contact) => new.push((place, contact)),
            Write::Change(change) => changes.push((place, change)),
        }
    }
    let claims: Vec<_> = group.iter().filter_map(|write| write.claim()).collect();
    let mut sources = intake::named_sources(&new);
    let (claimed, leads, contacts, locked) = join!(
        idempotency::find(transaction, organization_id, &claims),
        intake::lock_leads(transaction, organization_id, &new),
        change::lock_contacts(transaction, organization_id, &changes),
        async {
            match changes[..] {
                [] => Some(lock_roster(transaction, organization_id, &sources, &[]).await),
                _ => None,
            }
        },
    );
    let mut outcome = Outcome::replay(group, claimed?);
    let (leads, contacts) = (leads?, contacts?);
    new.retain(|&(place, _)| outcome.is_open(place));
    changes.retain(|&(place, _)| outcome.is_open(place));
    let (locked, linked) = if let Some(locked) = locked {
        (locked, Ok(Vec::new()))
    } else {
        let (drawn, others) = change::concerned(&changes, &contacts);
        sources.ids.extend(drawn);
        let users = change::users(&changes);
        join!(
            lock_roster(transaction, organization_id, &sources, &others),
            operators::store::linked_with(transaction, organization_id, &users),
        )
    };
    let (mut roster, found) = locked?;

    // What is closed makes room for what comes in.
    let changes = Changes::make(contacts, linked?, &mut roster, &changes, &mut outcome);
    let intake = Intake::decide(leads, &found, &mut roster, &new, &mut outcome);
    let pools = known_pools.unknown(&roster)?;
    let write = write(
        transaction,
        organization_id,
        &pools,
        &changes,
        &intake,
        &outcome,
    );
    transaction.commit_with(write).await?;
    known_pools.add(&pools);
    let (assigned, backlog) = intake.outcomes();
    metrics::taken_in(assigned, backlog);
    Ok(batch::all(outcome.answers))
}

/// Writes leads, contacts, decisions, answers to requests, what is to be counted,
/// and each operator's load once: statements that do not wait for each other's
/// answers, in this order.
async fn write(
    conn: &Conn,
    organization_id: Uuid,
    pools: &[PoolRow],
    changes: &Changes,
    intake: &Intake,
    outcome: &Outcome<'_>,
) -> Result<()> {
    let (before, after) = changes.changed();
    let history: Vec<_> = changes.history.iter().collect();
    let (new, decisions) = intake.contacts();
    let (created, filled) = (intake.leads.created(), intake.leads.filled());
    let counted = after.iter().chain(&new).copied();
    let counts = Counts::of(before.iter().copied(), counted.clone());
    let loads = loads(before.iter().copied(), counted);
    // Not `try_join`: all must be sent.
    let (created, filled, pools, old, new, history, kept, events, counts) = join!(
        leads::store::insert_all(conn, organization_id, &created),
        leads::store::fill_all(conn, organization_id, &filled),
        save_pools(conn, organization_id, pools),
        store::update_all(conn, organization_id, &after),
        store::insert_all(conn, organization_id, &new, &decisions),
        assignments::insert_all(conn, organization_id, &history),
        idempotency::insert(conn, organization_id, &outcome.kept),
        audit::store::insert(conn, organization_id, &outcome.events),
        statistics::store::apply(conn, organization_id, &counts, &loads),
    );
    // The first error is the cause of the others.
    created?;
    filled?;
    pools?;
    old?;
    new?;
    history?;
    kept?;
    events?;
    counts
}

/// By how much the operators' loads change.
fn loads<'a>(
    before: impl Iterator<Item = &'a Contact>,
    after: impl Iterator<Item = &'a Contact>,
) -> BTreeMap<Uuid, i32> {
    let mut loads: BTreeMap<_, i32> = BTreeMap::new();
    let before = before.map(|contact| (contact, -1));
    for (contact, count) in before.chain(after.map(|contact| (contact, 1))) {
        if let (Some(operator_id), true) = (contact.operator_id, contact.status.is_active()) {
            *loads.entry(operator_id).or_default() += count;
        }
    }
    // Those that stay as they are have not been locked.
    loads.retain(|_, count| *count != 0);
    loads
}
