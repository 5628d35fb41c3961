//! The world that the engine acts in: what Postgres holds, in memory, and a clock that only
//! events move. It does what statements do, and leaves every decision to the engine.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{SeedableRng, rngs::StdRng};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    super::{
        decide,
        load::{Loaded, LockSet, named_sources, operators_to_lock, split},
        outcome::Outcome,
        plan::{Answer, Write},
        store,
    },
    event::How,
};
use crate::{
    actor::Actor,
    contacts::store::{
        Contact, ContactStatus,
        assignments::{Assignment, AssignmentKind},
    },
    dispatch::{
        BacklogReason, Basis, Choose, Roster, RosterEntry, SourceRules, Strategy,
        store::FoundSource, strategy::least_loaded::LeastLoaded,
    },
    error::Result,
    ids::{OperatorId, OrganizationId, PoolId, SourceId},
    model::Operator,
};

/// How many sources there are.
pub const SOURCES: usize = 3;

/// The tables.
pub struct World {
    pub time: DateTime<Utc>,
    pub operators: Vec<Operator>,
    pub strategies: [How; SOURCES],
    pub weights: BTreeMap<(usize, OperatorId), u32>,
    pub contacts: Vec<Contact>,
    pub assignments: Vec<Assignment>,
    pub bases: HashMap<PoolId, Basis>,
    rng: StdRng,
}

/// What came of a transaction: an answer each, and the decisions in the order they were made.
pub struct Committed {
    pub answers: Vec<Result<Answer>>,
    pub changes: Vec<Assignment>,
    pub intake: Vec<Assignment>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            time: DateTime::from_timestamp_nanos(0),
            operators: Vec::new(),
            strategies: [How::WeightedRandom, How::LeastLoaded, How::WeightedRandom],
            weights: BTreeMap::new(),
            contacts: Vec::new(),
            assignments: Vec::new(),
            bases: HashMap::new(),
            rng: StdRng::seed_from_u64(seed),
        }
    }

    pub fn source(number: usize) -> SourceId {
        SourceId::from_u128(1000 + (number % SOURCES) as u128)
    }

    pub fn add_operator(&mut self) -> OperatorId {
        let id = OperatorId::from_u128(1 + self.operators.len() as u128);
        self.operators.push(Operator {
            id,
            name: String::new(),
            active: true,
            load_limit: None,
            window_limit: None,
            window_seconds: 60,
            load: 0,
            user_id: None,
            revision: 1,
            create_time: self.time,
            update_time: self.time,
            delete_time: None,
        });
        id
    }

    /// Deletes an operator, as `DeleteOperator` does.
    pub fn delete(&mut self, number: usize) {
        let operator = &mut self.operators[number];
        operator.active = false;
        operator.load = 0;
        operator.delete_time = Some(self.time);
        let id = operator.id;
        self.weights.retain(|&(_, operator), _| operator != id);
        for contact in &mut self.contacts {
            if contact.operator_id == Some(id) && contact.status.is_active() {
                contact.change_at(self.time);
                contact.operator_id = None;
                contact.pool_id = None;
                contact.assign_time = None;
                contact.backlog_reason = Some(BacklogReason::OperatorDeleted);
            }
        }
    }

    /// A transaction of the engine: what it needs is locked and read, then it decides, then
    /// what it has decided is written.
    pub fn submit(&mut self, writes: &[Write]) -> Committed {
        let batch: Vec<&Write> = writes.iter().collect();
        let mut outcome = Outcome::of(&batch, Vec::new());
        let (new, changes) = split(&batch);
        let contacts: BTreeMap<_, _> = self
            .contacts
            .iter()
            .filter(|contact| changes.iter().any(|item| item.plan.id == contact.id))
            .map(|contact| (contact.id, contact.clone()))
            .collect();
        let mut sources = named_sources(&new).ids;
        let LockSet {
            draw_sources,
            operators,
        } = operators_to_lock(&changes, &contacts);
        sources.extend(draw_sources);
        let numbers: Vec<_> = (0..SOURCES)
            .filter(|number| sources.contains(&Self::source(*number)))
            .collect();
        let found = numbers.iter().map(|number| FoundSource {
            id: Self::source(*number),
            code: String::new(),
            active: true,
        });
        let loaded = Loaded {
            new,
            changes,
            leads: Vec::new(),
            contacts,
            sources: found.collect(),
            roster: self.lock_roster(&numbers, &operators),
            linked: Vec::new(),
        };
        let (changes, intake, roster) = decide(&mut self.rng, loaded, &mut outcome);
        let (before, after) = changes.changed();
        let (new, decisions) = intake.contacts();
        let counted = after.iter().chain(&new).copied();
        let loads = store::loads(before.iter().copied(), counted);
        for operator in &mut self.operators {
            operator.load += loads.get(&operator.id).copied().unwrap_or_default();
        }
        for contact in after {
            let row = self.contacts.iter_mut().find(|row| row.id == contact.id);
            *row.expect("a row") = contact.clone();
        }
        self.contacts.extend(new.into_iter().cloned());
        let intake: Vec<_> = decisions.into_iter().cloned().collect();
        let history = &changes.history;
        self.assignments
            .extend(history.iter().chain(&intake).cloned());
        let bases = roster.bases().iter();
        self.bases
            .extend(bases.map(|(id, basis)| (*id, basis.clone())));
        Committed {
            answers: outcome.answers(),
            changes: changes.history,
            intake,
        }
    }

    /// The operators with a weight on these sources, and these others, with what they were
    /// given within their windows.
    fn lock_roster(&self, sources: &[usize], others: &[OperatorId]) -> Roster {
        let weighted = |id| {
            sources
                .iter()
                .any(|source| self.weights.contains_key(&(*source, id)))
        };
        let entries = self
            .operators
            .iter()
            .filter(|operator| others.contains(&operator.id) || weighted(operator.id))
            .map(|operator| RosterEntry {
                window_load: self.window_load(operator),
                operator: operator.clone(),
            });
        let rules = sources.iter().map(|&source| SourceRules {
            source_id: Self::source(source),
            strategy: rules(self.strategies[source]),
            weights: self
                .weights
                .range(
                    (source, OperatorId::default())..=(source, OperatorId::from_uuid(Uuid::max())),
                )
                .map(|(&(_, operator), &weight)| (operator, weight))
                .collect(),
        });
        Roster::new(self.time, entries.collect(), rules.collect())
    }

    fn window_load(&self, operator: &Operator) -> i32 {
        let since = self.time - TimeDelta::seconds(operator.window_seconds.into());
        let given = self.assignments.iter().filter(|given| {
            given.operator_id == Some(operator.id)
                && given.kind != AssignmentKind::Kept
                && given.create_time > since
        });
        i32::try_from(given.count()).expect("few")
    }

    pub fn active_contacts(&self, operator_id: OperatorId) -> usize {
        let contacts = self.contacts.iter();
        contacts
            .filter(|contact| contact.operator_id == Some(operator_id))
            .filter(|contact| contact.status != ContactStatus::Closed)
            .count()
    }
}

pub fn rules(how: How) -> &'static dyn Choose {
    match how {
        How::WeightedRandom => Strategy::WeightedRandom.rules(),
        How::LeastLoaded => &LeastLoaded,
    }
}

pub fn actor() -> Actor {
    Actor::system(OrganizationId::default(), "Simulation", Instant::now())
}
