//! What a strategy is given, and what it answers.

use std::{collections::HashMap, fmt};

use rand::Rng;

use crate::{
    dispatch::{Pool, RosterEntry},
    ids::OperatorId,
};

/// A way to choose.
pub trait Choose: fmt::Debug + Send + Sync {
    /// The name it is recorded by.
    fn name(&self) -> &'static str;

    /// What each candidate is to be expected to get of the next contact.
    fn expected(&self, pool: &Pool, state: &State<'_>) -> Shares;

    /// Chooses one of the candidates; nobody only if there are none.
    fn choose(&self, pool: &Pool, state: &State<'_>, rng: &mut dyn Rng) -> Option<Choice>;

    /// Whom the evidence of a choice among these candidates says to have been chosen.
    fn replay(&self, pool: &Pool, evidence: Evidence) -> Option<OperatorId>;
}

/// What a strategy may look at beside the candidates: the operators as they are now.
#[derive(Debug)]
pub struct State<'a>(&'a HashMap<OperatorId, RosterEntry>);

impl<'a> State<'a> {
    pub(in crate::dispatch) fn new(entries: &'a HashMap<OperatorId, RosterEntry>) -> Self {
        Self(entries)
    }

    /// The operator, with its present loads.
    pub fn entry(&self, operator_id: OperatorId) -> Option<&'a RosterEntry> {
        self.0.get(&operator_id)
    }
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub operator_id: OperatorId,
    /// What the choice can be repeated from, with the pool.
    pub evidence: Evidence,
    /// What each candidate was to be expected to get.
    pub expected: Shares,
}

/// What a choice can be repeated from, with the pool it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The number drawn.
    Draw(u64),
}

impl Evidence {
    /// As it is stored beside the decision.
    pub fn draw(self) -> Option<i64> {
        let Self::Draw(draw) = self;
        i64::try_from(draw).ok()
    }
}

/// The parts of one contact that the candidates of a pool are to be expected to get, in their
/// order: whole numbers, each out of the sum of them all, so that they are exactly one contact
/// together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares(Vec<u64>);

impl Shares {
    /// These parts; those of a pool with candidates are not all 0.
    pub fn new(parts: Vec<u64>) -> Self {
        Self(parts)
    }

    /// The part of each candidate.
    pub fn parts(&self) -> &[u64] {
        &self.0
    }

    /// The sum of the parts: one contact.
    pub fn whole(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The probability with which each candidate is chosen.
    #[expect(
        clippy::cast_precision_loss,
        reason = "sums of weights stay far below 2^53"
    )]
    pub fn probabilities(&self) -> Vec<f64> {
        let whole = self.whole() as f64;
        self.0.iter().map(|part| *part as f64 / whole).collect()
    }
}
