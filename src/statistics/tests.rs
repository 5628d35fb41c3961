//! Counts of contacts, in memory.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

use crate::ids::{OperatorId, PoolId, SourceId};

const SOURCE: SourceId = SourceId::from_u128(1);

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn contact(
    operator_id: Option<u128>,
    pool_id: Option<u128>,
    status: ContactStatus,
) -> ContactFacts {
    ContactFacts {
        source_id: SOURCE,
        operator_id: operator_id.map(OperatorId::from_u128),
        pool_id: pool_id.map(PoolId::from_u128),
        status,
        create_time: time(7_300),
    }
}

/// The number of each kind, as operator, pool and status.
fn numbers(counts: &Counts) -> Vec<(Option<u128>, Option<u128>, ContactStatus, i32)> {
    let number = |(kind, n): (&Kind, &i32)| {
        assert_eq!((kind.source_id, kind.hour), (SOURCE, time(7_200)));
        let operator_id = kind.operator_id.map(|id| id.as_uuid().as_u128());
        let pool_id = kind.pool_id.map(|id| id.as_uuid().as_u128());
        (operator_id, pool_id, kind.status, *n)
    };
    counts.0.iter().map(number).collect()
}

#[test]
fn contacts_that_are_alike_are_counted_together() {
    let drawn = contact(Some(1), Some(9), ContactStatus::New);
    let given = contact(Some(3), None, ContactStatus::Closed);
    let waits = contact(None, None, ContactStatus::InProgress);
    let counts = Counts::of([given], [drawn, waits, drawn]);
    let expected = [
        (None, None, ContactStatus::InProgress, 1),
        (Some(1), Some(9), ContactStatus::New, 2),
        (Some(3), None, ContactStatus::Closed, -1),
    ];
    assert_eq!(numbers(&counts), expected);
}

#[test]
fn what_does_not_change_is_left_out() {
    let before = [
        contact(Some(1), Some(9), ContactStatus::New),
        contact(Some(2), None, ContactStatus::Closed),
    ];
    let mut after = before;
    after[0].status = ContactStatus::Closed;
    let expected = [
        (Some(1), Some(9), ContactStatus::New, -1),
        (Some(1), Some(9), ContactStatus::Closed, 1),
    ];
    assert_eq!(numbers(&Counts::of(before, after)), expected);
}

proptest! {
    #[test]
    fn a_span_begins_at_its_beginning(micros in -10_000_000_000_000_i64..4_000_000_000_000_000) {
        let time = DateTime::from_timestamp_micros(micros).unwrap();
        for (bucket, length) in [(Bucket::Hour, TimeDelta::hours(1)), (Bucket::Day, TimeDelta::days(1))] {
            let begin = bucket.start(time).unwrap();
            prop_assert_eq!(begin.timestamp().rem_euclid(length.num_seconds()), 0);
            prop_assert!(begin <= time && time - begin < length);
        }
    }
}
