//! Memory that is held for callers: so many bytes at most in the whole process, taken
//! before they are used and given back when what holds them is dropped.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::error::{Error, Result};

/// Bytes that may be held at a time.
pub struct Budget {
    what: &'static str,
    limit: usize,
    used: AtomicUsize,
}

impl Budget {
    /// So many bytes at most; `what` for, for the metrics.
    pub fn new(what: &'static str, limit: usize) -> Arc<Self> {
        Arc::new(Self {
            what,
            limit,
            used: AtomicUsize::new(0),
        })
    }

    /// Nothing is held yet.
    pub fn empty(self: &Arc<Self>) -> Charge {
        Charge {
            budget: Arc::clone(self),
            amount: 0,
        }
    }

    /// Holds so many bytes, or refuses to if there is no room for them.
    pub fn charge(self: &Arc<Self>, amount: usize) -> Result<Charge> {
        self.charge_leaving(amount, 0)
    }

    /// The same, but leaves a part of all, one of so many, to others.
    pub fn charge_leaving(self: &Arc<Self>, amount: usize, parts: usize) -> Result<Charge> {
        self.take(amount, self.limit.checked_div(parts).unwrap_or(0))?;
        Ok(Charge {
            budget: Arc::clone(self),
            amount,
        })
    }

    fn take(&self, amount: usize, left: usize) -> Result<()> {
        let limit = self.limit - left;
        let fits = |used: usize| used.checked_add(amount).filter(|sum| *sum <= limit);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .map(|_| ())
            .map_err(|_| Error::overloaded(self.what))
    }
}

/// Bytes that are held until this is dropped.
pub struct Charge {
    budget: Arc<Budget>,
    amount: usize,
}

impl Charge {
    /// Holds so many bytes, if there is room for those that are more than now.
    pub fn grow_to(&mut self, amount: usize) -> Result<()> {
        if let Some(more) = amount.checked_sub(self.amount).filter(|more| *more > 0) {
            self.budget.take(more, 0)?;
            self.amount = amount;
        }
        Ok(())
    }

    /// Holds so many bytes and no more.
    pub fn shrink_to(&mut self, amount: usize) {
        if let Some(less) = self.amount.checked_sub(amount) {
            self.budget.used.fetch_sub(less, Ordering::Relaxed);
            self.amount = amount;
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// What is held on one side of the calls. Callers whom nobody knows have a quarter of
/// it, and those who are known the rest: strangers cannot shut them out.
pub struct Memory {
    /// For those whom nobody knows, or not yet.
    pub strangers: Arc<Budget>,
    /// For those who have proved who they are.
    pub known: Arc<Budget>,
}

impl Memory {
    /// So many bytes in all; `what` for, for the metrics.
    pub fn new(what: &'static str, limit: usize) -> Self {
        Self {
            strangers: Budget::new(what, limit / 4),
            known: Budget::new(what, limit - limit / 4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutants: what is refused stays charged; what is dropped stays charged.
    #[test]
    fn no_more_is_held_than_fits_and_all_is_given_back() {
        let budget = Budget::new("test", 100);
        let mut first = budget.charge(60).unwrap();
        assert!(budget.charge(41).is_err());
        assert!(first.grow_to(101).is_err());
        first.grow_to(100).unwrap();
        assert!(budget.charge(1).is_err());
        first.shrink_to(10);
        let second = budget.charge(90).unwrap();
        drop((first, second));
        assert!(budget.charge(100).is_ok());
    }
}
