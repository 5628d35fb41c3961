//! At random, in proportion to the weights: each candidate with probability
//! `weight / sum of the weights`.

use rand::Rng;

use super::{Choice, Choose, Evidence, Shares, State, Strategy};
use crate::{
    dispatch::{Pool, pick},
    ids::OperatorId,
};

#[derive(Debug)]
pub struct WeightedRandom;

impl Choose for WeightedRandom {
    fn name(&self) -> &'static str {
        Strategy::WeightedRandom.as_str()
    }

    fn expected(&self, pool: &Pool, _: &State<'_>) -> Shares {
        let weights = pool.candidates.iter().map(|candidate| candidate.weight);
        Shares::new(weights.map(u64::from).collect())
    }

    fn choose(&self, pool: &Pool, state: &State<'_>, mut rng: &mut dyn Rng) -> Option<Choice> {
        let pick = pick::pick(&mut rng, &pool.candidates)?;
        Some(Choice {
            operator_id: pick.operator_id,
            evidence: Evidence::Draw(pick.draw),
            expected: self.expected(pool, state),
        })
    }

    fn replay(&self, pool: &Pool, evidence: Evidence) -> Option<OperatorId> {
        let Evidence::Draw(draw) = evidence;
        pick::replay(draw, &pool.candidates)
    }
}
