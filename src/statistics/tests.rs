//! Counts of contacts, in memory.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

const SOURCE: Uuid = Uuid::from_u128(1);

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn contact(operator_id: Option<u128>, pool_id: Option<u128>, status: ContactStatus) -> Contact {
    Contact {
        id: Uuid::nil(),
        lead_id: Uuid::nil(),
        source_id: SOURCE,
        operator_id: operator_id.map(Uuid::from_u128),
        pool_id: pool_id.map(Uuid::from_u128),
        status,
        message: String::new(),
        backlog_reason: None,
        revision: 1,
        create_time: time(7_300),
        update_time: time(9_999),
        assign_time: None,
        close_time: None,
    }
}

fn pool(weights: &[u32]) -> Pool {
    let candidates = weights.iter().zip(1..).map(|(&weight, id)| Candidate {
        operator_id: Uuid::from_u128(id),
        weight,
    });
    Pool {
        source_id: SOURCE,
        candidates: candidates.collect(),
        excluded: Vec::new(),
    }
}

/// The changes of these cells of an operator, in their order: all hours, and
/// the hour of `contact`.
fn of_operator(cells: &BTreeMap<Cell, Change>, operator_id: u128) -> Vec<(Option<i64>, Change)> {
    cells
        .iter()
        .filter(|(cell, _)| cell.operator_id == Uuid::from_u128(operator_id))
        .map(|(cell, change)| (cell.hour.map(|hour| hour.timestamp()), *change))
        .collect()
}

#[test]
fn a_contact_counts_in_its_hour_and_in_all_hours() {
    let mut counts = Counts::default();
    let drawn = contact(Some(1), Some(9), ContactStatus::New);
    counts.add([&drawn, &drawn], 1);
    counts.add([&contact(Some(3), None, ContactStatus::Closed)], 1);
    counts.add([&contact(None, None, ContactStatus::InProgress)], 1);
    assert_eq!(counts.pool_ids(), [Uuid::from_u128(9)]);
    let cells = counts.cells(&HashMap::from([(Uuid::from_u128(9), pool(&[1, 2]))]));

    let both = |change| vec![(None, change), (Some(7_200), change)];
    let waits = Change {
        in_progress_contacts: 1,
        ..Change::default()
    };
    let was_drawn = Change {
        new_contacts: 2,
        expected_nanos: 2 * 333_333_333,
        ..Change::default()
    };
    let could_have_been = Change {
        expected_nanos: 2 * 666_666_667,
        ..Change::default()
    };
    let was_given = Change {
        closed_contacts: 1,
        expected_nanos: CERTAIN,
        ..Change::default()
    };
    let expected = [waits, was_drawn, could_have_been, was_given].map(both);
    assert_eq!([0, 1, 2, 3].map(|id| of_operator(&cells, id)), expected);
    // The sums come first, as in the order of the keys.
    assert!(cells.keys().next().unwrap().hour.is_none());
}

#[test]
fn what_does_not_change_is_left_out() {
    let mut counts = Counts::default();
    counts.add([&contact(Some(1), Some(9), ContactStatus::New)], -1);
    counts.add([&contact(Some(1), Some(9), ContactStatus::Closed)], 1);
    counts.add([&contact(Some(2), None, ContactStatus::Closed)], -1);
    counts.add([&contact(Some(2), None, ContactStatus::Closed)], 1);
    // The pool need not even be known.
    assert!(counts.pool_ids().is_empty());
    let cells = counts.cells(&HashMap::new());
    assert_eq!(cells.len(), 2);
    let closed = Change {
        new_contacts: -1,
        closed_contacts: 1,
        ..Change::default()
    };
    assert!(cells.values().all(|change| *change == closed));
}

proptest! {
    #[test]
    fn chances_add_up_to_certainty(weights in prop::collection::vec(1_u32..=1_000_000, 1..50)) {
        let sum: i64 = expected_nanos(&pool(&weights).candidates).map(|(_, nanos)| nanos).sum();
        let rounded = i64::try_from(weights.len()).unwrap();
        prop_assert!((sum - CERTAIN).abs() <= rounded);
    }

    #[test]
    fn a_span_begins_at_its_beginning(micros in -10_000_000_000_000_i64..4_000_000_000_000_000) {
        let time = DateTime::from_timestamp_micros(micros).unwrap();
        for (span, length) in [(Span::Hour, TimeDelta::hours(1)), (Span::Day, TimeDelta::days(1))] {
            let begin = span.start(time).unwrap();
            prop_assert_eq!(begin.timestamp().rem_euclid(length.num_seconds()), 0);
            prop_assert!(begin <= time && time - begin < length);
        }
    }
}
