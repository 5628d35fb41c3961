//! Reads the operators of sources, under lock or not, and keeps the pools that
//! decisions were made from. Knows nothing of the wire.

mod locks;
mod pools;
mod windows;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::join;
use uuid::Uuid;

pub use locks::{SourceKeys, lock_operators};
pub use pools::{KnownPools, PoolRow, find_pools, save_pools};
pub use windows::window_loads;

use super::{Member, Roster};
use crate::{
    error::{Error, Result},
    operators::store::Operator,
    platform::db::Conn,
    schema::operators,
    sources,
};

/// A source as a roster finds it.
#[derive(Debug)]
pub struct FoundSource {
    pub id: Uuid,
    pub code: String,
    pub active: bool,
}

/// The roster of these sources and of these other operators, locked, and those
/// of the sources that exist. Window loads are counted only where there is a
/// limit, and only up to it.
pub async fn lock_roster(
    conn: &Conn,
    organization_id: Uuid,
    sources: &SourceKeys<'_>,
    others: &[Uuid],
) -> Result<(Roster, Vec<FoundSource>)> {
    // The second sees what was committed by those whom the first waits for.
    let (operators, weights) = join!(
        lock_operators(conn, organization_id, sources, others),
        locks::weights(conn, organization_id, sources),
    );
    let (operators, rows) = (operators?, weights?);
    let mut time = rows.iter().map(|row| row.time).next();
    let mut loads = HashMap::new();
    let limited = operators
        .iter()
        .filter(|operator| operator.window_limit.is_some());
    let limited: Vec<_> = limited.map(|operator| operator.id).collect();
    if !limited.is_empty() {
        let counted = windows::count_windows(conn, organization_id, &limited, true).await?;
        time = Some(counted.0);
        loads = counted.1;
    }
    let locked: HashSet<_> = operators.iter().map(|operator| operator.id).collect();
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut weights = Vec::new();
    for row in rows {
        let (Some(source_id), Some(code), Some(active)) = (row.source_id, row.code, row.active)
        else {
            continue;
        };
        if seen.insert(source_id) {
            found.push(FoundSource {
                id: source_id,
                code,
                active,
            });
        }
        if let (Some(operator_id), Some(weight)) = (row.operator_id, row.weight) {
            if !locked.contains(&operator_id) {
                // Came after the locks were taken: begin again, and ask them too.
                return Err(Error::Conflict);
            }
            weights.push((source_id, operator_id, weight));
        }
    }
    let time = time.ok_or_else(|| Error::internal("no time"))?;
    Ok((roster(time, operators, &loads, weights), found))
}

/// The roster of these sources, as it is now.
pub async fn read_roster(
    mut conn: &Conn,
    organization_id: Uuid,
    source_ids: &[Uuid],
) -> Result<Roster> {
    let weights = sources::store::weights::list(conn, organization_id, source_ids).await?;
    let operators: Vec<Operator> = operators::table
        .filter(operators::organization_id.eq(organization_id))
        .filter(operators::id.eq_any(weights.iter().map(|weight| weight.operator_id)))
        .select(Operator::as_select())
        .load(&mut conn)
        .await?;
    let ids: Vec<_> = operators.iter().map(|operator| operator.id).collect();
    let (time, loads) = windows::count_windows(conn, organization_id, &ids, false).await?;
    let weights = weights
        .into_iter()
        .map(|weight| (weight.source_id, weight.operator_id, weight.weight));
    Ok(roster(time, operators, &loads, weights))
}

fn roster(
    time: DateTime<Utc>,
    operators: Vec<Operator>,
    window_loads: &HashMap<Uuid, i32>,
    weights: impl IntoIterator<Item = (Uuid, Uuid, i32)>,
) -> Roster {
    let members = operators
        .into_iter()
        .map(|operator| Member {
            window_load: window_loads.get(&operator.id).copied().unwrap_or_default(),
            operator,
        })
        .collect();
    let weights = weights.into_iter().map(|(source_id, operator_id, weight)| {
        let weight = u32::try_from(weight).unwrap_or_default();
        (source_id, operator_id, weight)
    });
    Roster::new(time, members, weights)
}
