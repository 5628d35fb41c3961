//! Memory that is held for callers: so many bytes at most in the whole process, taken
//! before they are used and given back when what holds them is dropped.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use crate::error::{Error, Result};

/// Whose share of a budget something counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Those of one network, whoever they are.
    Peer(IpAddr),
    /// An organization, or a user who is in none.
    Known(Uuid),
}

/// Bytes that may be held at a time.
///
/// No owner may hold more than so many times what is left: whatever one holds, others
/// find room, and several of them do not take all of it either.
pub struct Budget {
    what: &'static str,
    limit: usize,
    share: usize,
    held: Mutex<MemoryUse>,
}

#[derive(Default)]
struct MemoryUse {
    sum: usize,
    /// By owner, for those that hold any.
    of: HashMap<Owner, usize>,
}

impl Budget {
    /// So many bytes at most, and for one owner `share` times what is left; `what` for,
    /// for the metrics.
    pub fn new(what: &'static str, limit: usize, share: usize) -> Arc<Self> {
        Arc::new(Self {
            what,
            limit,
            share,
            held: Mutex::default(),
        })
    }

    /// Nothing is held yet.
    pub fn empty(self: &Arc<Self>, owner: Owner) -> Charge {
        Charge {
            budget: Arc::clone(self),
            owner,
            amount: 0,
        }
    }

    /// Holds so many bytes for the owner, or refuses to if there is no room for them. A
    /// part of all, one of so many, is left to others; none, if that is 0.
    pub fn charge(self: &Arc<Self>, owner: Owner, amount: usize, left: usize) -> Result<Charge> {
        let mut charge = self.empty(owner);
        charge.grow_to(amount, left)?;
        Ok(charge)
    }

    fn lock(&self) -> MutexGuard<'_, MemoryUse> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, owner: Owner, amount: usize, left: usize) -> Result<()> {
        let limit = self.limit - self.limit.checked_div(left).unwrap_or(0);
        let mut held = self.lock();
        let own = held.of.get(&owner).copied().unwrap_or_default();
        let own = own.saturating_add(amount);
        let sum = held.sum.saturating_add(amount);
        let free = limit.checked_sub(sum);
        if free.is_none_or(|free| own > free.saturating_mul(self.share)) {
            return Err(Error::overloaded(self.what));
        }
        held.sum = sum;
        held.of.insert(owner, own);
        Ok(())
    }

    fn give_back(&self, owner: Owner, amount: usize) {
        let mut held = self.lock();
        held.sum -= amount;
        if let Some(own) = held.of.get_mut(&owner) {
            *own -= amount;
            if *own == 0 {
                held.of.remove(&owner);
            }
        }
    }
}

/// Bytes that are held until this is dropped.
pub struct Charge {
    budget: Arc<Budget>,
    owner: Owner,
    amount: usize,
}

impl Charge {
    /// Holds so many bytes, if there is room for those that are more than now, and a
    /// part of all, one of so many, is left to others.
    pub fn grow_to(&mut self, amount: usize, left: usize) -> Result<()> {
        if let Some(more) = amount.checked_sub(self.amount).filter(|more| *more > 0) {
            self.budget.take(self.owner, more, left)?;
            self.amount = amount;
        }
        Ok(())
    }

    /// Holds so many bytes and no more.
    pub fn shrink_to(&mut self, amount: usize) {
        if let Some(less) = self.amount.checked_sub(amount).filter(|less| *less > 0) {
            self.budget.give_back(self.owner, less);
            self.amount = amount;
        }
    }

    /// So many of its bytes, to be held by themselves.
    pub fn split(&mut self, amount: usize) -> Self {
        let amount = amount.min(self.amount);
        self.amount -= amount;
        Self {
            budget: Arc::clone(&self.budget),
            owner: self.owner,
            amount,
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
    /// For those whom nobody knows, or not yet: for one peer a half at most.
    pub strangers: Arc<Budget>,
    /// For those who have proved who they are: for one organization two thirds at most.
    pub known: Arc<Budget>,
}

impl Memory {
    /// So many bytes in all; `what` for, for the metrics.
    pub fn new(what: &'static str, limit: usize) -> Self {
        Self {
            strangers: Budget::new(what, limit / 4, 1),
            known: Budget::new(what, limit - limit / 4, 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Owner = Owner::Known(Uuid::nil());
    const OTHER: Owner = Owner::Known(Uuid::max());

    /// Mutants: what is refused stays charged; what is dropped stays charged; what is
    /// split is charged twice, or given back twice.
    #[test]
    fn no_more_is_held_than_fits_and_all_is_given_back() {
        let budget = Budget::new("test", 100, 1000);
        for _ in 0..3 {
            let mut first = budget.charge(ONE, 60, 0).unwrap();
            assert!(budget.charge(OTHER, 41, 0).is_err());
            assert!(budget.charge(OTHER, 20, 4).is_err());
            assert!(first.grow_to(101, 0).is_err());
            first.grow_to(99, 0).unwrap();
            assert!(budget.charge(OTHER, 2, 0).is_err());
            first.shrink_to(10);
            let split = first.split(4);
            let second = budget.charge(OTHER, 89, 0).unwrap();
            drop((split, second));
            assert!(first.grow_to(99, 0).is_ok());
            drop(first);
            assert!(budget.lock().of.is_empty());
        }
    }

    /// Mutant: no shares.
    #[test]
    fn whatever_one_holds_others_find_room() {
        let budget = Budget::new("test", 90, 2);
        assert!(budget.charge(ONE, 61, 0).is_err());
        let mut one = budget.charge(ONE, 60, 0).unwrap();
        assert!(budget.charge(OTHER, 21, 0).is_err());
        let other = budget.charge(OTHER, 20, 0).unwrap();
        assert!(one.grow_to(61, 0).is_err());
        drop((one, other));
        // What is left to others is nothing that is left.
        assert!(budget.charge(ONE, 31, 2).is_err());
        assert!(budget.charge(ONE, 30, 2).is_ok());
    }
}
