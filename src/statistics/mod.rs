//! Statistics: contacts, leads and deals, counted as they change, so that nobody has to
//! count rows. Pure but for `store`, which keeps the counts, and `fold`.
//!
//! A contact counts in the rollups of its source and of the operator who has it now,
//! under its present status: in that of the hour it was created in, of the day, and
//! of all. What was to be expected counts in the same source and spans: each
//! candidate of the pool the contact was drawn from gets the share that the decision
//! recorded, an operator who was given it without one gets it whole.
//!
//! All change the same rollups, so nobody does in passing: who changes contacts adds a
//! row that says what comes and goes. Rows are folded into the rollups a moment later.
//! Until then they count as rows: who reads rollups reads both, as of one moment.

mod bucket;
mod fold;
pub mod store;

use std::collections::BTreeMap;

pub use bucket::Bucket;
use chrono::{DateTime, Utc};
pub use fold::{DirtyOrganizations, FoldCountDeltas, OrphanScan, fold_counts};

use crate::{
    ids::{OperatorId, PoolId, SourceId},
    model::{ContactStatus, change::ContactFacts},
};

/// Contacts that are counted alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    source_id: SourceId,
    /// The hour they were created in.
    hour: DateTime<Utc>,
    operator_id: Option<OperatorId>,
    pool_id: Option<PoolId>,
    status: ContactStatus,
}

impl From<ContactFacts> for Kind {
    fn from(contact: ContactFacts) -> Self {
        let time = contact.create_time;
        Self {
            source_id: contact.source_id,
            hour: Bucket::Hour.start(time).unwrap_or(time),
            operator_id: contact.operator_id,
            pool_id: contact.pool_id,
            status: contact.status,
        }
    }
}

/// How many contacts of each kind come and go.
#[derive(Debug, Default)]
pub struct Counts(BTreeMap<Kind, i32>);

impl Counts {
    /// The net change from what contacts were to what they are.
    pub fn of(
        before: impl IntoIterator<Item = ContactFacts>,
        after: impl IntoIterator<Item = ContactFacts>,
    ) -> Self {
        let mut counts: BTreeMap<Kind, i32> = BTreeMap::new();
        let before = before.into_iter().map(|contact| (contact, -1));
        let after = after.into_iter().map(|contact| (contact, 1));
        for (contact, n) in before.chain(after) {
            *counts.entry(contact.into()).or_default() += n;
        }
        counts.retain(|_, n| *n != 0);
        Self(counts)
    }
}

#[cfg(test)]
mod tests;
