//! The operators of some sources, as they are under lock. Decisions are made on a roster one
//! after the other, each using up the room it takes, so that a whole batch of contacts is
//! decided as if one by one.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use rand::Rng;

use super::{
    BacklogReason, Basis, Choose, Decision, Demand, Excluded, Outcome, Pool, RosterEntry, Shares,
    State, Strategy, decision::basis_id, eligibility::eligibility, pick::Candidate,
};

use crate::ids::{OperatorId, PoolId, SourceId};

/// How the contacts of a source are shared out.
#[derive(Debug)]
pub struct SourceRules {
    pub source_id: SourceId,
    /// How one of several candidates is chosen.
    pub strategy: &'static dyn Choose,
    /// Operators with their weights.
    pub weights: Vec<(OperatorId, u32)>,
}

/// The operators of some sources.
#[derive(Debug)]
pub struct Roster {
    /// When it was read, by the database's clock, after the locks were taken.
    pub time: DateTime<Utc>,
    entries: HashMap<OperatorId, RosterEntry>,
    /// By source, their weights by operator id.
    sources: HashMap<SourceId, SourceRules>,
    /// The current pools, with their ids. Cleared whenever someone runs out of room, or has
    /// some again.
    pools: HashMap<Demand, (PoolId, Arc<Pool>)>,
    /// What decisions were made on, by id.
    bases: HashMap<PoolId, Basis>,
}

impl Roster {
    /// A roster of these operators for these sources.
    pub fn new(time: DateTime<Utc>, entries: Vec<RosterEntry>, sources: Vec<SourceRules>) -> Self {
        let entries = entries.into_iter();
        let sources = sources.into_iter().map(|mut rules| {
            rules.weights.sort_unstable();
            (rules.source_id, rules)
        });
        Self {
            time,
            entries: entries.map(|entry| (entry.operator.id, entry)).collect(),
            sources: sources.collect(),
            pools: HashMap::new(),
            bases: HashMap::new(),
        }
    }

    pub fn entry(&self, operator_id: OperatorId) -> Option<&RosterEntry> {
        self.entries.get(&operator_id)
    }

    /// The operators with a weight on the source, with it, by operator id.
    pub fn entries(&self, source_id: SourceId) -> impl Iterator<Item = (&RosterEntry, u32)> {
        let rules = self.sources.get(&source_id);
        let weights = rules.map_or(&[][..], |rules| &rules.weights);
        weights
            .iter()
            .filter_map(|&(id, weight)| Some((self.entries.get(&id)?, weight)))
    }

    /// Who can take a contact, and who cannot.
    pub fn pool(&self, demand: &Demand) -> Pool {
        let mut pool = Pool {
            source_id: demand.source_id,
            candidates: Vec::new(),
            excluded: Vec::new(),
        };
        for (entry, weight) in self.entries(demand.source_id) {
            let operator_id = entry.operator.id;
            match eligibility(entry, weight, demand) {
                Ok(()) => pool.candidates.push(Candidate {
                    operator_id,
                    weight,
                }),
                Err(reason) => pool.excluded.push(Excluded {
                    operator_id,
                    weight,
                    reason,
                }),
            }
        }
        pool
    }

    /// What each candidate is to be expected to get of the next contact.
    pub fn expected(&self, pool: &Pool) -> Shares {
        let state = State::new(&self.entries);
        self.strategy(pool.source_id).expected(pool, &state)
    }

    /// Decides who gets a contact, and lets them take it. Whom it is taken from keeps their
    /// load: whoever moves the contact releases it.
    pub fn decide(&mut self, demand: &Demand, rng: &mut impl Rng) -> Decision {
        let (pool_id, pool) = self.current_pool(demand);
        let strategy = self.strategy(demand.source_id);
        let choice = strategy.choose(&pool, &State::new(&self.entries), rng);
        let outcome = match choice {
            Some(choice) => {
                self.assign(choice.operator_id);
                Outcome::Assigned(choice)
            }
            None => self.without_candidates(demand, &pool),
        };
        let nothing = Shares::default();
        let expected = match &outcome {
            Outcome::Assigned(choice) => &choice.expected,
            Outcome::Kept(_) | Outcome::Backlog(_) => &nothing,
        };
        let strategy = strategy.name();
        let pool_id = basis_id(pool_id, strategy, expected);
        self.bases.entry(pool_id).or_insert_with(|| Basis {
            pool,
            strategy,
            expected: expected.clone(),
        });
        Decision { pool_id, outcome }
    }

    fn current_pool(&mut self, demand: &Demand) -> (PoolId, Arc<Pool>) {
        if let Some((id, pool)) = self.pools.get(demand) {
            return (*id, Arc::clone(pool));
        }
        let pool = Arc::new(self.pool(demand));
        let id = pool.id();
        self.pools.insert(*demand, (id, Arc::clone(&pool)));
        (id, pool)
    }

    /// That of the source. One that is gone has none, and no operators to choose from.
    fn strategy(&self, source_id: SourceId) -> &'static dyn Choose {
        let rules = self.sources.get(&source_id);
        rules.map_or(Strategy::WeightedRandom.rules(), |rules| rules.strategy)
    }

    fn without_candidates(&self, demand: &Demand, pool: &Pool) -> Outcome {
        let current = demand.current.and_then(|id| self.entries.get(&id));
        match current.filter(|entry| entry.operator.active) {
            Some(entry) => Outcome::Kept(entry.operator.id),
            None => Outcome::Backlog(BacklogReason::of(pool)),
        }
    }

    /// An operator is given a contact.
    pub fn assign(&mut self, operator_id: OperatorId) {
        self.change(operator_id, 1, 1);
    }

    /// An operator has a closed contact back, which was given to it before.
    pub fn reopen(&mut self, operator_id: OperatorId) {
        self.change(operator_id, 1, 0);
    }

    /// An operator has an active contact less.
    pub fn release(&mut self, operator_id: OperatorId) {
        self.change(operator_id, -1, 0);
    }

    fn change(&mut self, operator_id: OperatorId, load: i32, window_load: i32) {
        let Some(entry) = self.entries.get_mut(&operator_id) else {
            return;
        };
        let before = entry.availability();
        entry.operator.load += load;
        entry.window_load += window_load;
        if before != entry.availability() {
            self.pools.clear();
        }
    }

    /// What decisions were made on, by id.
    pub fn bases(&self) -> &HashMap<PoolId, Basis> {
        &self.bases
    }
}
