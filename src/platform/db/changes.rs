//! What happened in a transaction: said as it happens, written at the end.

use std::{
    mem,
    sync::{Mutex, PoisonError},
};

use crate::{
    error::{Error, Result},
    model::Change,
};

/// What happened, in its order.
#[derive(Debug, Default)]
pub struct Changes(Mutex<Vec<Change>>);

impl Changes {
    /// Adds.
    pub fn push(&self, change: Change) {
        self.with(|changes| changes.push(change));
    }

    /// Takes all.
    pub fn take(&self) -> Vec<Change> {
        self.with(mem::take)
    }

    /// Refuses what somebody has said and nobody has taken to write it.
    pub fn check_written(&self) -> Result<()> {
        if self.with(|changes| changes.is_empty()) {
            return Ok(());
        }
        Err(Error::internal("changes that nobody writes"))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Change>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
