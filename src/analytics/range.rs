//! A range of times, as far as what was created in it is counted already, and the
//! rest.

use chrono::{DateTime, TimeDelta, Utc};

use crate::statistics::Bucket;

/// Times from the first up to but not including the second, if there are such
/// bounds.
pub type Range = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The parts of a range. None of them is empty.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// The buckets that are in the range as a whole.
    pub whole: Vec<Whole>,
    /// The times of buckets that are cut by a bound.
    pub edges: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Spans that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// What they are.
    pub bucket: Bucket,
    /// They begin at this time or later; none for the sum of all, which stands
    /// before all times.
    pub from: Option<DateTime<Utc>>,
    /// They begin before this time.
    pub to: DateTime<Utc>,
}

impl Parts {
    /// The parts of this range, if all is counted, and by these buckets, the longest
    /// first.
    pub fn of((start, end): Range, buckets: &[Bucket]) -> Self {
        let first = DateTime::UNIX_EPOCH;
        let (mut whole, mut rest) = (Vec::new(), Vec::new());
        if (start, end) == (None, None) {
            whole.push(Whole {
                bucket: Bucket::AllTime,
                from: None,
                to: first,
            });
        } else {
            // Nothing is created after the year 9999.
            let last = first + TimeDelta::days(2_932_897);
            rest.push((start.unwrap_or(first), end.unwrap_or(last)));
        }
        for bucket in buckets {
            for (from, to) in std::mem::take(&mut rest) {
                match (bucket.start_from(from), bucket.start(to)) {
                    (Some(first), Some(last)) if first <= last => {
                        whole.push(Whole {
                            bucket: *bucket,
                            from: Some(first),
                            to: last,
                        });
                        rest.extend([(from, first), (last, to)]);
                    }
                    _ => rest.push((from, to)),
                }
            }
        }
        whole.retain(|whole| whole.from < Some(whole.to));
        rest.retain(|(from, to)| from < to);
        Self { whole, edges: rest }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUCKETS: [&[Bucket]; 3] = [&[], &[Bucket::Hour], &[Bucket::Day, Bucket::Hour]];

    fn time(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    /// Times of a few days, many of them on the hour or at midnight.
    fn times() -> impl Strategy<Value = DateTime<Utc>> {
        let days = (0..4_i64).prop_map(|days| days * 24);
        let hours = prop_oneof![Just(0), Just(1), Just(23), 0..24_i64];
        let cut = prop_oneof![Just(0), Just(1), 0..3_600_000_000_i64];
        (days, hours, cut).prop_map(|(days, hours, cut)| time((days + hours) * 3_600_000_000 + cut))
    }

    fn within(time: DateTime<Utc>, (start, end): Range) -> bool {
        start.is_none_or(|start| start <= time) && end.is_none_or(|end| time < end)
    }

    /// Whether what was created at this time is counted in one of these buckets.
    fn counts(whole: &Whole, time: DateTime<Utc>) -> bool {
        let start = whole.bucket.start(time);
        start.is_none_or(|start| start < whole.to) && whole.from <= start
    }

    proptest! {
        #[test]
        fn every_time_of_a_range_is_in_one_part(
            start in prop::option::of(times()),
            end in prop::option::of(times()),
            time in times(),
            buckets in prop::sample::select(&BUCKETS[..]),
        ) {
            let parts = Parts::of((start, end), buckets);
            let whole = parts.whole.iter().filter(|whole| counts(whole, time));
            let edges = parts.edges.iter().filter(|edge| edge.0 <= time && time < edge.1);
            prop_assert_eq!(
                whole.count() + edges.count(),
                usize::from(within(time, (start, end)))
            );
        }

        #[test]
        fn few_spans_are_needed(
            start in prop::option::of(times()),
            end in prop::option::of(times()),
        ) {
            let parts = Parts::of((start, end), &[Bucket::Day, Bucket::Hour]);
            prop_assert!(parts.edges.iter().all(|edge| edge.1 - edge.0 < TimeDelta::hours(1)));
            for whole in parts.whole.iter().filter(|whole| whole.bucket == Bucket::Hour) {
                prop_assert!(whole.to - whole.from.unwrap() < TimeDelta::days(1));
            }
        }
    }
}
