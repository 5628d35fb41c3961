//! Statistics: contacts and leads, counted as they change, so that nobody has
//! to count rows. Pure but for `store`, which keeps the counts.
//!
//! A contact counts in the cell of its source, of the hour it was created in and
//! of the operator who has it now, under its present status. What was to be
//! expected counts in the same source and hour: each candidate of the pool the
//! contact was drawn from gets the chance of the draw, an operator who was given
//! it without one gets it whole. All that counts in an hour counts in the cell
//! of all hours, too.

mod span;
pub mod store;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
pub use span::Span;
use uuid::Uuid;

use crate::{
    contacts::store::{Contact, ContactStatus},
    distribution::Pool,
    pick::Candidate,
};

/// Billionths of a contact that is certain.
const CERTAIN: i64 = 1_000_000_000;

/// What is counted together. Cells are locked in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The source.
    pub source_id: Uuid,
    /// The hour, or all of them.
    pub hour: Option<DateTime<Utc>>,
    /// The operator; nil for the backlog.
    pub operator_id: Uuid,
}

/// By how much the numbers of a cell change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// Contacts that are `NEW`.
    pub new_contacts: i64,
    /// Contacts that are `IN_PROGRESS`.
    pub in_progress_contacts: i64,
    /// Contacts that are `CLOSED`.
    pub closed_contacts: i64,
    /// Billionths of contacts that were to be expected.
    pub expected_nanos: i64,
}

/// How many contacts come and go.
#[derive(Debug, Default)]
pub struct Counts {
    cells: BTreeMap<Cell, Change>,
    /// Contacts by source, hour and the pool they were drawn from.
    drawn: BTreeMap<(Uuid, DateTime<Utc>, Uuid), i64>,
}

impl Counts {
    /// Counts these contacts `n` times; -1 takes them back.
    pub fn add<'a>(&mut self, contacts: impl IntoIterator<Item = &'a Contact>, n: i64) {
        for contact in contacts {
            let (source_id, time) = (contact.source_id, contact.create_time);
            let hour = Span::Hour.start(time).unwrap_or(time);
            let mut change = Change::default();
            match contact.status {
                ContactStatus::New => change.new_contacts = n,
                ContactStatus::InProgress => change.in_progress_contacts = n,
                ContactStatus::Closed => change.closed_contacts = n,
            }
            match (contact.operator_id, contact.pool_id) {
                (_, Some(pool_id)) => {
                    *self.drawn.entry((source_id, hour, pool_id)).or_default() += n;
                }
                (Some(_), None) => change.expected_nanos = n * CERTAIN,
                (None, None) => {}
            }
            let operator_id = contact.operator_id.unwrap_or_default();
            self.add_to(source_id, hour, operator_id, change);
        }
    }

    /// The pools whose candidates are concerned.
    pub fn pool_ids(&self) -> Vec<Uuid> {
        let drawn = self.drawn.iter().filter(|(_, n)| **n != 0);
        drawn.map(|((.., pool_id), _)| *pool_id).collect()
    }

    /// The cells that change, given the pools that contacts were drawn from.
    pub fn cells(mut self, pools: &HashMap<Uuid, Pool>) -> BTreeMap<Cell, Change> {
        for ((source_id, hour, pool_id), n) in std::mem::take(&mut self.drawn) {
            let candidates = pools.get(&pool_id).map_or(&[][..], |pool| &pool.candidates);
            for (operator_id, nanos) in expected_nanos(candidates) {
                let change = Change {
                    expected_nanos: n * nanos,
                    ..Change::default()
                };
                self.add_to(source_id, hour, operator_id, change);
            }
        }
        self.cells.retain(|_, change| *change != Change::default());
        self.cells
    }

    fn add_to(&mut self, source_id: Uuid, hour: DateTime<Utc>, operator_id: Uuid, change: Change) {
        for hour in [None, Some(hour)] {
            let cell = Cell {
                source_id,
                hour,
                operator_id,
            };
            let sum = self.cells.entry(cell).or_default();
            sum.new_contacts += change.new_contacts;
            sum.in_progress_contacts += change.in_progress_contacts;
            sum.closed_contacts += change.closed_contacts;
            sum.expected_nanos += change.expected_nanos;
        }
    }
}

/// The chances of candidates in billionths, rounded: whole numbers, so that
/// what was added can be taken back.
fn expected_nanos(candidates: &[Candidate]) -> impl Iterator<Item = (Uuid, i64)> {
    let weight = |candidate: &Candidate| i64::from(candidate.weight);
    let total: i64 = candidates.iter().map(weight).sum();
    candidates.iter().map(move |candidate| {
        let nanos = (weight(candidate) * CERTAIN + total / 2) / total;
        (candidate.operator_id, nanos)
    })
}

#[cfg(test)]
mod tests;
