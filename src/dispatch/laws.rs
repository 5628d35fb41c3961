//! The laws of decisions and of strategies, on random rosters.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use proptest::{
    prelude::{any, prop, prop_assert, prop_assert_eq, prop_assert_ne, proptest},
    strategy::Strategy as _,
};
use rand::{SeedableRng, rngs::StdRng};

use super::{
    BacklogReason, Choose, Demand, Excluded, ExclusionReason, Outcome, Pool, Roster, RosterEntry,
    Shares, SourceRules, State, Strategy, decision,
    pick::Candidate,
    strategy::{Evidence, least_loaded::LeastLoaded},
};
use crate::{
    ids::{OperatorId, PoolId, SourceId},
    model::Operator,
};

const SOURCE: SourceId = SourceId::from_u128(1);
/// The strategies that the laws hold for: every one.
fn strategies() -> impl proptest::strategy::Strategy<Value = &'static dyn Choose> {
    prop::sample::select(vec![Strategy::WeightedRandom.rules(), &LeastLoaded])
}

fn entry(
    id: u128,
    active: bool,
    limits: (Option<i32>, Option<i32>),
    loads: (i32, i32),
) -> RosterEntry {
    let operator = Operator {
        id: OperatorId::from_u128(id),
        name: String::new(),
        active,
        load_limit: limits.0,
        window_limit: limits.1,
        window_seconds: 60,
        load: loads.0,
        user_id: None,
        revision: 1,
        create_time: DateTime::UNIX_EPOCH,
        update_time: DateTime::UNIX_EPOCH,
        delete_time: None,
    };
    RosterEntry {
        operator,
        window_load: loads.1,
    }
}

fn roster(strategy: &'static dyn Choose, entries: Vec<(RosterEntry, u32)>) -> Roster {
    let (entries, weights) = entries
        .into_iter()
        .map(|(entry, weight)| {
            let id = entry.operator.id;
            (entry, (id, weight))
        })
        .unzip();
    let rules = SourceRules {
        source_id: SOURCE,
        strategy,
        weights,
    };
    Roster::new(DateTime::<Utc>::UNIX_EPOCH, entries, vec![rules])
}

fn rosters() -> impl proptest::strategy::Strategy<Value = Roster> {
    let limit = || prop::option::of(0..6);
    let operator = (any::<bool>(), (limit(), limit()), (0..6, 0..6), 0_u32..4);
    let operators = prop::collection::vec(operator, 0..6);
    (strategies(), operators).prop_map(|(strategy, operators)| {
        let operators = (2..).zip(operators);
        let entries = operators.map(|(id, (active, limits, loads, weight))| {
            (entry(id, active, limits, loads), weight)
        });
        roster(strategy, entries.collect())
    })
}

proptest! {
    #[test]
    fn decisions_never_exceed_a_limit_and_never_leave_room_unused(
        mut roster in rosters(),
        seed: u64,
        contacts in 1_usize..40,
    ) {
        let mut rng = StdRng::seed_from_u64(seed);
        let demand = Demand::of(SOURCE);
        for _ in 0..contacts {
            let before = roster.pool(&demand);
            let decision = roster.decide(&demand, &mut rng);
            let basis = &roster.bases()[&decision.pool_id];
            prop_assert_eq!(&*basis.pool, &before);
            match decision.outcome {
                Outcome::Assigned(choice) => {
                    prop_assert_eq!(&basis.expected, &choice.expected);
                    let RosterEntry { operator, window_load } =
                        roster.entry(choice.operator_id).expect("a member");
                    prop_assert!(operator.active);
                    prop_assert!(operator.load_limit.is_none_or(|limit| operator.load <= limit));
                    prop_assert!(operator.window_limit.is_none_or(|limit| *window_load <= limit));
                }
                Outcome::Backlog(reason) => {
                    prop_assert!(before.candidates.is_empty());
                    prop_assert_eq!(reason, BacklogReason::of(&before));
                }
                Outcome::Kept(_) => prop_assert!(false, "nobody has it"),
            }
        }
    }

    /// Of every strategy: who is chosen is a candidate who was to be expected to get a part
    /// of it, the parts are one whole, and the evidence says the same again.
    #[test]
    fn a_choice_is_of_the_candidates_and_can_be_made_again(
        roster in rosters(),
        strategy in strategies(),
        seed: u64,
    ) {
        let pool = roster.pool(&Demand::of(SOURCE));
        let (entries, mut rng) = (HashMap::new(), StdRng::seed_from_u64(seed));
        let choice = strategy.choose(&pool, &State::new(&entries), &mut rng);
        prop_assert_eq!(choice.is_none(), pool.candidates.is_empty());
        if let Some(choice) = choice {
            let expected = strategy.expected(&pool, &State::new(&entries));
            prop_assert_eq!(&choice.expected, &expected);
            prop_assert_eq!(expected.parts().len(), pool.candidates.len());
            prop_assert!(expected.whole() > 0);
            let sum: f64 = expected.probabilities().iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-12);
            let chosen = |candidate: &Candidate| candidate.operator_id == choice.operator_id;
            let index = pool.candidates.iter().position(chosen).expect("a candidate");
            prop_assert!(expected.parts()[index] > 0);
            prop_assert_eq!(strategy.replay(&pool, choice.evidence), Some(choice.operator_id));
            let Evidence::Draw(draw) = choice.evidence;
            prop_assert_eq!(choice.evidence.draw(), i64::try_from(draw).ok());
        }
    }

    #[test]
    fn a_contact_never_goes_back_to_whom_it_is_taken_from(
        mut roster in rosters(),
        seed: u64,
        current in 2_u128..8,
    ) {
        let current = OperatorId::from_u128(current);
        let demand = Demand { source_id: SOURCE, current: Some(current) };
        let decision = roster.decide(&demand, &mut StdRng::seed_from_u64(seed));
        let active = roster.entry(current).is_some_and(|entry| entry.operator.active);
        match decision.outcome {
            Outcome::Assigned(choice) => prop_assert_ne!(choice.operator_id, current),
            Outcome::Kept(operator_id) => prop_assert!(operator_id == current && active),
            Outcome::Backlog(_) => prop_assert!(!active),
        }
    }
}

#[test]
fn the_backlog_reason_names_the_nearest_cause() {
    let full = || entry(2, true, (Some(1), None), (1, 0));
    let used_up = || entry(3, true, (None, Some(0)), (0, 0));
    let inactive = || entry(4, false, (None, None), (0, 0));
    let reason = |entries: Vec<RosterEntry>, weight: u32| {
        let entries = entries.into_iter().map(|entry| (entry, weight)).collect();
        roster(Strategy::WeightedRandom.rules(), entries)
            .decide(&Demand::of(SOURCE), &mut StdRng::seed_from_u64(0))
            .backlog_reason()
    };
    assert_eq!(reason(vec![], 1), Some(BacklogReason::NoOperators));
    assert_eq!(reason(vec![full()], 0), Some(BacklogReason::NoOperators));
    assert_eq!(
        reason(vec![inactive()], 1),
        Some(BacklogReason::AllInactive)
    );
    assert_eq!(
        reason(vec![inactive(), full()], 1),
        Some(BacklogReason::AllAtLimit)
    );
    assert_eq!(
        reason(vec![inactive(), used_up()], 1),
        Some(BacklogReason::AllAtLimit)
    );
}

/// Ids of pools are kept for ever: they depend on nothing but what is in them, not on the
/// rank of a reason among the others. (These were made by another program.)
#[test]
fn the_id_of_a_pool_is_that_of_its_content() {
    use ExclusionReason as Reason;
    let id = OperatorId::from_u128;
    let mut pool = Pool {
        source_id: SOURCE,
        candidates: vec![Candidate {
            operator_id: id(2),
            weight: 10,
        }],
        excluded: Vec::new(),
    };
    assert_eq!(
        pool.id().to_string(),
        "8fe7ac25-ab9e-8336-a936-04280a0591ca"
    );
    let reasons = [
        Reason::Paused,
        Reason::Inactive,
        Reason::AtLoadLimit,
        Reason::AtWindowLimit,
        Reason::CurrentOperator,
    ];
    for (reason, number) in reasons.into_iter().zip(3..) {
        pool.excluded.push(Excluded {
            operator_id: id(number),
            weight: 20,
            reason,
        });
        let kept = serde_json::to_value(reason).ok();
        assert_eq!(
            kept.as_ref().and_then(|kept| kept.as_str()),
            Some(reason.as_str())
        );
    }
    assert_eq!(
        pool.id().to_string(),
        "c228c5bf-ae0d-80b5-a119-8ab1641a7f19"
    );
}

/// What weighted random records keeps the ids it always had; what another strategy records
/// has one of its own for each expectation.
#[test]
fn the_id_of_a_basis_is_that_of_its_pool_by_weighted_random_only() {
    let pool_id = PoolId::from_u128(7);
    let by = |strategy: &str, parts: &[u64]| {
        decision::basis_id(pool_id, strategy, &Shares::new(parts.to_vec()))
    };
    assert_eq!(by("WEIGHTED_RANDOM", &[1, 2]), pool_id);
    let ids = [
        pool_id,
        by("IN_TURN", &[0, 1]),
        by("IN_TURN", &[1, 0]),
        by("LEAST_LOADED", &[1, 0]),
    ];
    for (index, id) in ids.iter().enumerate() {
        assert!(!ids[..index].contains(id), "{ids:?}");
    }
}
