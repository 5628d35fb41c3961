//! What a task is. The rules it keeps are those of the [module](super).

use std::future::Future;

use tokio::sync::Notify;

use super::schedule::Schedule;
use crate::{error::Cause, ids::OrganizationId};

/// What became of an activation.
pub type Outcome = std::result::Result<Report, Cause>;

/// An operation that is activated again and again. See the [module](super) for its rules.
pub trait Task: Send + Sync + 'static {
    /// What logs and metrics call it: unique, lowercase, with underscores.
    const NAME: &'static str;

    /// When it is activated, and whether in all processes.
    fn schedule(&self) -> Schedule;

    /// What wakes it before its period is over. A permit that is stored while it runs
    /// activates it once more.
    fn trigger(&self) -> Option<&Notify> {
        None
    }

    /// Does what there is to do now.
    fn run_once(&self) -> impl Future<Output = Outcome> + Send;
}

/// What an activation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many things were dealt with: rows deleted, organizations folded.
    pub items: u64,
    /// Organizations in which it failed, while it went on in others, and the errors.
    pub failures: Vec<(OrganizationId, String)>,
}

impl Report {
    /// So many things were dealt with, and nothing failed.
    pub fn of(items: impl TryInto<u64>) -> Self {
        Self {
            items: items.try_into().unwrap_or(u64::MAX),
            failures: Vec::new(),
        }
    }
}
