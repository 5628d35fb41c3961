//! Reads the operators of sources, under lock or not, and records what decisions
//! were made on. Knows nothing of the wire.

mod locks;
mod pools;
mod windows;

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;

pub use locks::{SourceKeys, lock_operators};
pub use pools::{PoolRow, RecordedPools, find_pools, save_pools};
pub use windows::window_loads;

use super::{Roster, RosterEntry, SourceRules};
use crate::{
    error::{Error, Result},
    ids::{OperatorId, SourceId},
    model::Operator,
    platform::db::TenantTx,
    schema::operators,
};
use locks::SourceWeight;

/// A source as a roster finds it.
#[derive(Debug)]
pub struct FoundSource {
    pub id: SourceId,
    pub code: String,
    pub active: bool,
}

/// The roster of these sources and of these other operators, locked, and those
/// of the sources that exist. Window loads are counted only where there is a
/// limit, and only up to it.
pub async fn lock_roster(
    tx: &TenantTx,
    sources: &SourceKeys<'_>,
    others: &[OperatorId],
) -> Result<(Roster, Vec<FoundSource>)> {
    // The second sees what was committed by those whom the first waits for.
    let (operators, weights) = join!(
        lock_operators(tx, sources, others),
        locks::weights(tx, sources),
    );
    let (operators, weights) = (operators?, weights?);
    let mut time = weights.iter().map(|row| row.time).next();
    let mut loads = HashMap::new();
    let limited: Vec<_> = operators
        .iter()
        .filter(|operator| operator.window_limit.is_some())
        .map(|operator| operator.id)
        .collect();
    if !limited.is_empty() {
        let counted = windows::count_windows(tx, &limited, true).await?;
        time = Some(counted.0);
        loads = counted.1;
    }
    let locked: HashSet<_> = operators.iter().map(|operator| operator.id).collect();
    let mut weighted = weights.iter().filter_map(|row| row.operator_id);
    if !weighted.all(|operator_id| locked.contains(&operator_id)) {
        // Came after the locks were taken: begin again, and ask them too.
        return Err(Error::Conflict);
    }
    let time = time.ok_or_else(|| Error::internal("no time"))?;
    let (rules, found) = by_source(weights);
    Ok((Roster::new(time, entries(operators, &loads), rules), found))
}

/// The roster of this source, as it is now.
pub async fn read_roster(tx: &TenantTx, source_id: SourceId) -> Result<Roster> {
    let source = SourceKeys::id(source_id);
    let weights = locks::weights(tx, &source).await?;
    let operators: Vec<Operator> = operators::table
        .filter(operators::organization_id.eq(tx.organization_id()))
        .filter(operators::id.eq_any(weights.iter().filter_map(|row| row.operator_id)))
        .select(Operator::as_select())
        .load(&mut tx.conn())
        .await?;
    let ids: Vec<_> = operators.iter().map(|operator| operator.id).collect();
    let (time, loads) = windows::count_windows(tx, &ids, false).await?;
    let (rules, _) = by_source(weights);
    Ok(Roster::new(time, entries(operators, &loads), rules))
}

/// How each source is shared out, and the sources.
fn by_source(rows: Vec<SourceWeight>) -> (Vec<SourceRules>, Vec<FoundSource>) {
    let mut rules: BTreeMap<SourceId, SourceRules> = BTreeMap::new();
    let mut found = Vec::new();
    for row in rows {
        let (Some(id), Some(code), Some(active), Some(strategy)) =
            (row.source_id, row.code, row.active, row.strategy)
        else {
            continue;
        };
        let rules = rules.entry(id).or_insert_with(|| {
            found.push(FoundSource { id, code, active });
            SourceRules {
                source_id: id,
                strategy: strategy.rules(),
                weights: Vec::new(),
            }
        });
        if let (Some(operator_id), Some(weight)) = (row.operator_id, row.weight) {
            let weight = u32::try_from(weight).unwrap_or_default();
            rules.weights.push((operator_id, weight));
        }
    }
    (rules.into_values().collect(), found)
}

fn entries(operators: Vec<Operator>, window_loads: &HashMap<OperatorId, i32>) -> Vec<RosterEntry> {
    let operators = operators.into_iter();
    operators
        .map(|operator| RosterEntry {
            window_load: window_loads.get(&operator.id).copied().unwrap_or_default(),
            operator,
        })
        .collect()
}
