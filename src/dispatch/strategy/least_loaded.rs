//! A strategy of tests: whoever has the least to do. Unlike weighted random it looks at the
//! state, needs no chance, and what is to be expected of it are not the weights: whatever
//! takes one strategy for the other is found out.

use rand::Rng;

use super::seam::{Choice, Choose, Evidence, Shares, State};
use crate::{dispatch::Pool, ids::OperatorId};

#[derive(Debug)]
pub struct LeastLoaded;

impl LeastLoaded {
    fn least(pool: &Pool, state: &State<'_>) -> Option<usize> {
        let load = |index: &usize| {
            let id = pool.candidates[*index].operator_id;
            (state.entry(id).map(|entry| entry.operator.load), id)
        };
        (0..pool.candidates.len()).min_by_key(load)
    }
}

impl Choose for LeastLoaded {
    fn name(&self) -> &'static str {
        "LEAST_LOADED"
    }

    fn expected(&self, pool: &Pool, state: &State<'_>) -> Shares {
        let least = Self::least(pool, state);
        let indexes = 0..pool.candidates.len();
        Shares::new(
            indexes
                .map(|index| u64::from(Some(index) == least))
                .collect(),
        )
    }

    fn choose(&self, pool: &Pool, state: &State<'_>, _: &mut dyn Rng) -> Option<Choice> {
        let least = Self::least(pool, state)?;
        Some(Choice {
            operator_id: pool.candidates[least].operator_id,
            evidence: Evidence::Draw(least as u64),
            expected: self.expected(pool, state),
        })
    }

    fn replay(&self, pool: &Pool, evidence: Evidence) -> Option<OperatorId> {
        let Evidence::Draw(index) = evidence;
        let candidate = pool.candidates.get(usize::try_from(index).ok()?)?;
        Some(candidate.operator_id)
    }
}
