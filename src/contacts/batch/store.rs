//! Writes what was decided about a batch: statements that do not wait for each other's
//! answers.

use std::collections::BTreeMap;

use futures_util::join;

use super::{
    decide::{Changes, Intake},
    outcome::Outcome,
};
use crate::{
    contacts::store::{self, Contact, assignments},
    dispatch::store::{PoolRow, save_pools},
    error::Result,
    ids::OperatorId,
    leads,
    platform::{db::TenantTx, idempotency},
    recorder::Records,
};

/// Writes leads, contacts, decisions, answers to keep, what is to be counted, and each
/// operator's load once, in this order.
pub async fn write(
    tx: &TenantTx,
    pools: &[PoolRow],
    changes: &Changes,
    intake: &Intake,
    outcome: &Outcome<'_>,
    records: &Records,
) -> Result<()> {
    let (before, after) = changes.changed();
    let history: Vec<_> = changes.history.iter().collect();
    let (new, decisions) = intake.contacts();
    let (created, filled) = (intake.leads.created(), intake.leads.filled());
    let counted = after.iter().chain(&new).copied();
    let loads = loads(before.iter().copied(), counted);
    // Not `try_join`: all must be sent.
    let (created, filled, pools, old, new, history, kept, recorded) = join!(
        leads::store::insert_all(tx, &created),
        leads::store::fill_all(tx, &filled),
        save_pools(tx, pools),
        store::update_all(tx, &after),
        store::insert_all(tx, &new, &decisions),
        assignments::insert_all(tx, &history),
        idempotency::insert(tx, &outcome.kept),
        records.write(tx, &loads),
    );
    // The first error is the cause of the others.
    created?;
    filled?;
    pools?;
    old?;
    new?;
    history?;
    kept?;
    recorded
}

/// By how much the operators' loads change.
pub fn loads<'a>(
    before: impl Iterator<Item = &'a Contact>,
    after: impl Iterator<Item = &'a Contact>,
) -> BTreeMap<OperatorId, i32> {
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
