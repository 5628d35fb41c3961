//! A range of times, as far as its hours are counted already, and the rest.

use chrono::{DateTime, TimeDelta, Utc};

use crate::statistics::hour;

/// Times from the first up to but not including the second, if there are such
/// bounds.
pub type Range = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The parts of a range.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// The hours that begin in here are in the range as a whole. (The sum of all
    /// hours, which stands before every hour, counts as one.)
    pub hours: Range,
    /// The times of hours that are cut by a bound.
    pub edges: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Parts {
    /// The parts of this range.
    pub fn of((start, end): Range) -> Self {
        let first = start.map(|start| match hour(start) {
            hour if hour == start => hour,
            hour => hour + TimeDelta::hours(1),
        });
        let last = end.map(hour);
        let mut edges = Vec::new();
        // In an hour that both cut, the first whole hour begins after the last.
        if let (Some(start), Some(end), true) = (start, end, first > last) {
            edges.push((start, end));
        } else {
            edges.extend(start.zip(first));
            edges.extend(last.zip(end));
        }
        edges.retain(|(from, to)| from < to);
        let hours = match (first, last) {
            (None, None) => (None, Some(DateTime::UNIX_EPOCH)),
            (None, last) => (Some(DateTime::UNIX_EPOCH), last),
            hours => hours,
        };
        Self { hours, edges }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn time(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(micros).unwrap()
    }

    /// Times of a few hours, many of them on the hour.
    fn times() -> impl Strategy<Value = DateTime<Utc>> {
        let hours = (0..6_i64).prop_map(|hours| hours * 3_600_000_000);
        let cut = prop_oneof![Just(0), Just(1), 0..3_600_000_000_i64];
        (hours, cut).prop_map(|(hours, cut)| time(hours + cut))
    }

    fn within(time: DateTime<Utc>, (start, end): Range) -> bool {
        start.is_none_or(|start| start <= time) && end.is_none_or(|end| time < end)
    }

    proptest! {
        #[test]
        fn every_time_of_a_range_is_in_one_part(
            start in prop::option::of(times()),
            end in prop::option::of(times()),
            time in times(),
        ) {
            let parts = Parts::of((start, end));
            let edges = parts.edges.iter().filter(|edge| edge.0 <= time && time < edge.1);
            let whole = match (start, end) {
                (None, None) => parts.hours == (None, Some(DateTime::UNIX_EPOCH)),
                _ => within(hour(time), parts.hours),
            };
            prop_assert_eq!(
                edges.count() + usize::from(whole),
                usize::from(within(time, (start, end)))
            );
            prop_assert!(parts.edges.iter().all(|edge| edge.1 - edge.0 < TimeDelta::hours(1)));
        }
    }

    #[test]
    fn the_sum_of_all_hours_is_not_part_of_a_range() {
        let bound = Some(time(1));
        for range in [(bound, None), (None, bound), (bound, bound)] {
            let (first, _) = Parts::of(range).hours;
            assert!(first.is_some_and(|first| first >= DateTime::UNIX_EPOCH));
        }
    }
}
