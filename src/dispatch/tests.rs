//! The laws of decisions, on random rosters.

use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

use super::*;

const SOURCE: Uuid = Uuid::from_u128(1);

fn member(id: u128, active: bool, limits: (Option<i32>, Option<i32>), loads: (i32, i32)) -> Member {
    let operator = Operator {
        id: Uuid::from_u128(id),
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
    Member {
        operator,
        window_load: loads.1,
    }
}

fn rosters() -> impl Strategy<Value = Roster> {
    let limit = || prop::option::of(0..6);
    let operator = (any::<bool>(), (limit(), limit()), (0..6, 0..6), 0_u32..4);
    prop::collection::vec(operator, 0..6).prop_map(|operators| {
        let (members, weights): (Vec<_>, Vec<_>) = (2..)
            .zip(operators)
            .map(|(id, (active, limits, loads, weight))| {
                let member = member(id, active, limits, loads);
                let weight = (SOURCE, member.operator.id, weight);
                (member, weight)
            })
            .unzip();
        Roster::new(DateTime::UNIX_EPOCH, members, weights)
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
        for _ in 0..contacts {
            let before = roster.pool(SOURCE, None);
            let decision = roster.decide(&mut rng, SOURCE, None);
            prop_assert_eq!(decision.pool_id, before.id());
            match decision.outcome {
                Ok(pick) => {
                    prop_assert_eq!(
                        pick::replay(pick.draw, &before.candidates),
                        Some(pick.operator_id)
                    );
                    let Member { operator, window_load } =
                        roster.member(pick.operator_id).expect("a member");
                    prop_assert!(operator.active);
                    prop_assert!(operator.load_limit.is_none_or(|limit| operator.load <= limit));
                    prop_assert!(operator.window_limit.is_none_or(|limit| *window_load <= limit));
                }
                Err(reason) => {
                    prop_assert!(before.candidates.is_empty());
                    prop_assert_eq!(reason, BacklogReason::of(&before));
                }
            }
        }
    }

    #[test]
    fn a_contact_never_goes_back_to_whom_it_is_taken_from(
        mut roster in rosters(),
        seed: u64,
        current in 2_u128..8,
    ) {
        let current = Uuid::from_u128(current);
        let decision =
            roster.decide(&mut StdRng::seed_from_u64(seed), SOURCE, Some(current));
        if let Ok(pick) = decision.outcome {
            prop_assert_ne!(pick.operator_id, current);
        }
    }
}

#[test]
fn the_backlog_reason_names_the_nearest_cause() {
    let full = || member(2, true, (Some(1), None), (1, 0));
    let used_up = || member(3, true, (None, Some(0)), (0, 0));
    let inactive = || member(4, false, (None, None), (0, 0));
    let reason = |members: Vec<Member>, weight: u32| {
        let weights: Vec<_> = members
            .iter()
            .map(|m| (SOURCE, m.operator.id, weight))
            .collect();
        let mut roster = Roster::new(DateTime::UNIX_EPOCH, members, weights);
        roster
            .decide(&mut StdRng::seed_from_u64(0), SOURCE, None)
            .outcome
    };
    assert_eq!(reason(vec![], 1), Err(BacklogReason::NoOperators));
    assert_eq!(reason(vec![full()], 0), Err(BacklogReason::NoOperators));
    assert_eq!(reason(vec![inactive()], 1), Err(BacklogReason::AllInactive));
    assert_eq!(
        reason(vec![inactive(), full()], 1),
        Err(BacklogReason::AllAtLimit)
    );
    assert_eq!(
        reason(vec![inactive(), used_up()], 1),
        Err(BacklogReason::AllAtLimit)
    );
}

/// Ids of pools are kept for ever: they depend on nothing but what is in them, not on the
/// place of a reason among the others. (These were made by another program.)
#[test]
fn the_id_of_a_pool_is_that_of_its_content() {
    use ExclusionReason as Reason;
    let id = Uuid::from_u128;
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
