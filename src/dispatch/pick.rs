//! The weighted random pick: a pure function of a random generator and
//! candidates. Knows no database and no wire.
//!
//! A number is drawn uniformly from 0 up to the sum of the weights; the
//! candidate in whose stretch it falls is picked ("roulette wheel" selection).
//! The number is exact, so a pick can be repeated from what was recorded of it.

use rand::{Rng, RngExt};

use crate::ids::OperatorId;

/// Someone who can be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub operator_id: OperatorId,
    /// Their share relative to the other candidates; 0 is never picked.
    pub weight: u32,
}

/// What was picked, and by which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// Who.
    pub operator_id: OperatorId,
    /// The number drawn.
    pub draw: u64,
}

/// Picks a candidate with probability `weight / total_weight`; none if no
/// candidate has a weight.
pub fn pick(rng: &mut impl Rng, candidates: &[Candidate]) -> Option<Pick> {
    let total = total_weight(candidates);
    if total == 0 {
        return None;
    }
    let draw = rng.random_range(0..total);
    replay(draw, candidates).map(|operator_id| Pick { operator_id, draw })
}

/// Who was picked when `draw` was drawn among `candidates`.
pub fn replay(draw: u64, candidates: &[Candidate]) -> Option<OperatorId> {
    let mut sum = 0;
    candidates
        .iter()
        .find(|candidate| {
            sum += u64::from(candidate.weight);
            draw < sum
        })
        .map(|candidate| candidate.operator_id)
}

/// Sum of the candidates' weights.
pub fn total_weight(candidates: &[Candidate]) -> u64 {
    candidates.iter().map(|c| u64::from(c.weight)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn candidates(weights: &[u32]) -> Vec<Candidate> {
        (1..)
            .zip(weights)
            .map(|(id, &weight)| Candidate {
                operator_id: OperatorId::from_u128(id),
                weight,
            })
            .collect()
    }

    proptest! {
        #[test]
        fn replaying_a_draw_gives_the_same_operator(
            seed: u64,
            weights in prop::collection::vec(0_u32..=1_000_000, 0..20),
        ) {
            let candidates = candidates(&weights);
            let picked = pick(&mut StdRng::seed_from_u64(seed), &candidates);
            prop_assert_eq!(picked.is_some(), total_weight(&candidates) > 0);
            if let Some(pick) = picked {
                prop_assert_eq!(replay(pick.draw, &candidates), Some(pick.operator_id));
                let candidate = candidates.iter().find(|c| c.operator_id == pick.operator_id);
                prop_assert!(candidate.is_some_and(|candidate| candidate.weight > 0));
            }
        }

        #[test]
        fn each_candidate_owns_as_many_draws_as_its_weight(
            weights in prop::collection::vec(0_u32..50, 1..8),
        ) {
            let candidates = candidates(&weights);
            for candidate in &candidates {
                let draws = (0..total_weight(&candidates))
                    .filter(|&draw| replay(draw, &candidates) == Some(candidate.operator_id))
                    .count();
                prop_assert_eq!(draws, candidate.weight as usize);
            }
            prop_assert_eq!(replay(total_weight(&candidates), &candidates), None);
        }
    }
}
