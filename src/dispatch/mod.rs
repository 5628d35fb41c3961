//! Distribution: who can take a contact of a source, and the decision who gets
//! it. Pure but for `store`, which reads the operators under lock.
//!
//! A [`Roster`] holds the operators of some sources as they are under lock.
//! Decisions are made on it one after the other, each taking the room it uses,
//! so that a whole group of contacts is decided as if one by one.

mod backlog;
pub mod pick;

mod pool;
pub mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rand::Rng;
use uuid::Uuid;

pub use backlog::BacklogReason;
pub use pool::{Excluded, ExclusionReason, Pool};

use crate::{
    dispatch::pick::Candidate,
    error::{Error, OPERATOR_INACTIVE},
    operators::store::Operator,
};

/// A decision about who gets a contact.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Id of the pool it was made from.
    pub pool_id: Uuid,
    /// Who got it, and by which draw; or why nobody did.
    pub outcome: Result<pick::Pick, BacklogReason>,
}

/// An operator and how much it was given within its window.
#[derive(Debug, Clone)]
pub struct Member {
    /// The operator; its `load` counts what was decided on this roster.
    pub operator: Operator,
    /// Contacts given to it within its window.
    pub window_load: i32,
}

impl Member {
    /// Whether and why the operator can take no contact, whatever its weight.
    pub fn obstacle(&self) -> Option<ExclusionReason> {
        let operator = &self.operator;
        if !operator.active || operator.delete_time.is_some() {
            Some(ExclusionReason::Inactive)
        } else if operator
            .load_limit
            .is_some_and(|limit| operator.load >= limit)
        {
            Some(ExclusionReason::AtLoadLimit)
        } else if operator
            .window_limit
            .is_some_and(|limit| self.window_load >= limit)
        {
            Some(ExclusionReason::AtWindowLimit)
        } else {
            None
        }
    }
}

impl Member {
    /// The error of an operator who cannot take a contact for this reason.
    pub fn refuses(&self, obstacle: ExclusionReason) -> Error {
        let operator = &self.operator;
        let full = |limit: Option<i32>, window_seconds| Error::OperatorFull {
            id: operator.id,
            limit: limit.unwrap_or_default(),
            window_seconds,
        };
        match obstacle {
            ExclusionReason::AtLoadLimit => full(operator.load_limit, None),
            ExclusionReason::AtWindowLimit => {
                full(operator.window_limit, Some(operator.window_seconds))
            }
            ExclusionReason::Paused
            | ExclusionReason::Inactive
            | ExclusionReason::CurrentOperator => Error::Precondition {
                reason: OPERATOR_INACTIVE,
                kind: "operator",
                id: operator.id,
            },
        }
    }
}

/// The operators of some sources.
#[derive(Debug)]
pub struct Roster {
    /// When it was read, by the database's clock, after the locks were taken.
    pub time: DateTime<Utc>,
    members: HashMap<Uuid, Member>,
    /// By source: operator and weight, by operator id.
    weights: HashMap<Uuid, Vec<(Uuid, u32)>>,
    /// Ids of the pools as they are now, by source and whom a contact is taken
    /// from. Emptied whenever someone runs out of room, or has some again.
    pools: HashMap<(Uuid, Option<Uuid>), Uuid>,
    /// All pools that decisions were made from, by id.
    used: HashMap<Uuid, Pool>,
}

impl Roster {
    /// A roster of these operators with these `(source, operator, weight)`s.
    pub fn new(
        time: DateTime<Utc>,
        members: Vec<Member>,
        weights: impl IntoIterator<Item = (Uuid, Uuid, u32)>,
    ) -> Self {
        let members: HashMap<_, _> = members
            .into_iter()
            .map(|member| (member.operator.id, member))
            .collect();
        let mut by_source: HashMap<Uuid, Vec<(Uuid, u32)>> = HashMap::new();
        for (source_id, operator_id, weight) in weights {
            by_source
                .entry(source_id)
                .or_default()
                .push((operator_id, weight));
        }
        for weights in by_source.values_mut() {
            weights.sort_unstable();
        }
        Self {
            time,
            members,
            weights: by_source,
            pools: HashMap::new(),
            used: HashMap::new(),
        }
    }

    /// The operator.
    pub fn member(&self, operator_id: Uuid) -> Option<&Member> {
        self.members.get(&operator_id)
    }

    /// The operators with a weight on the source, with it, by operator id.
    pub fn members(&self, source_id: Uuid) -> impl Iterator<Item = (&Member, u32)> {
        let weights = self.weights.get(&source_id).map_or(&[][..], Vec::as_slice);
        weights
            .iter()
            .filter_map(|&(id, weight)| Some((self.members.get(&id)?, weight)))
    }

    /// Who can take a contact of the source that must not stay with `current`.
    pub fn pool(&self, source_id: Uuid, current: Option<Uuid>) -> Pool {
        let mut pool = Pool {
            source_id,
            candidates: Vec::new(),
            excluded: Vec::new(),
        };
        for (member, weight) in self.members(source_id) {
            let operator_id = member.operator.id;
            let reason = match member.obstacle() {
                _ if weight == 0 => Some(ExclusionReason::Paused),
                Some(ExclusionReason::Inactive) => Some(ExclusionReason::Inactive),
                _ if current == Some(operator_id) => Some(ExclusionReason::CurrentOperator),
                obstacle => obstacle,
            };
            match reason {
                None => pool.candidates.push(Candidate {
                    operator_id,
                    weight,
                }),
                Some(reason) => pool.excluded.push(Excluded {
                    operator_id,
                    weight,
                    reason,
                }),
            }
        }
        pool
    }

    /// Decides who gets a contact of the source that is new or is being taken
    /// from `current`, and lets them take it. `current` keeps its load: whoever
    /// moves the contact knows.
    pub fn decide(
        &mut self,
        rng: &mut impl Rng,
        source_id: Uuid,
        current: Option<Uuid>,
    ) -> Decision {
        let pool_id = self
            .pools
            .get(&(source_id, current))
            .copied()
            .unwrap_or_else(|| {
                let pool = self.pool(source_id, current);
                let id = pool.id();
                self.pools.insert((source_id, current), id);
                self.used.insert(id, pool);
                id
            });
        let pool = &self.used[&pool_id];
        let outcome = pick::pick(rng, &pool.candidates).ok_or_else(|| BacklogReason::of(pool));
        if let Ok(pick) = outcome {
            self.take(pick.operator_id);
        }
        Decision { pool_id, outcome }
    }

    /// An operator is given a contact.
    pub fn take(&mut self, operator_id: Uuid) {
        self.change(operator_id, 1, 1);
    }

    /// An operator has an old contact back, which was given to it before.
    pub fn reopen(&mut self, operator_id: Uuid) {
        self.change(operator_id, 1, 0);
    }

    /// An operator has a contact less.
    pub fn free(&mut self, operator_id: Uuid) {
        self.change(operator_id, -1, 0);
    }

    fn change(&mut self, operator_id: Uuid, load: i32, window_load: i32) {
        if let Some(member) = self.members.get_mut(&operator_id) {
            let could = member.obstacle().is_none();
            member.operator.load += load;
            member.window_load += window_load;
            if could != member.obstacle().is_none() {
                self.pools.clear();
            }
        }
    }

    /// The pools that decisions were made from, by id.
    pub fn used_pools(&self) -> &HashMap<Uuid, Pool> {
        &self.used
    }
}

#[cfg(test)]
mod tests;
