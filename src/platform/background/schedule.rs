//! When a task is activated: pure, with randomness as a parameter.

use std::time::Duration;

use rand::{Rng, RngExt};

/// Most of the time by which the first activation of a spread task is put off.
const MAX_SPREAD: Duration = Duration::from_mins(1);
/// The first pause after an error, unless the period is shorter; and the longest one, unless
/// the period is longer.
const BACKOFF: Duration = Duration::from_secs(5);

/// When a task is activated, and whether in all processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    period: Duration,
    first: First,
    leased: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    AtOnce,
    Spread,
    Late,
}

impl Schedule {
    /// At once, and then once in this period, counted from the end of an activation.
    pub fn every(period: Duration) -> Self {
        Self {
            period,
            first: First::AtOnce,
            leased: false,
        }
    }

    /// The first time at random in the second half of the first minute (or period), so that a
    /// start, or the start of many processes, is not also the time of all housekeeping.
    #[must_use]
    pub fn spread(self) -> Self {
        Self {
            first: First::Spread,
            ..self
        }
    }

    /// The first time after a period.
    #[must_use]
    pub fn late(self) -> Self {
        Self {
            first: First::Late,
            ..self
        }
    }

    /// Only by the process that holds the task's lease, which lasts for a period.
    #[must_use]
    pub fn leased(self) -> Self {
        Self {
            leased: true,
            ..self
        }
    }

    /// How long the task's lease lasts, if it needs one.
    pub(super) fn lease(&self) -> Option<Duration> {
        self.leased.then_some(self.period)
    }

    /// How long to wait before the first activation.
    pub(super) fn first(&self, rng: &mut impl Rng) -> Duration {
        match self.first {
            First::AtOnce => Duration::ZERO,
            First::Spread => self
                .period
                .min(MAX_SPREAD)
                .mul_f64(rng.random_range(0.5..1.0)),
            First::Late => self.period,
        }
    }

    /// How long to wait after an activation, before which so many have failed in a row.
    pub(super) fn pause(&self, failures: u32, rng: &mut impl Rng) -> Duration {
        let Some(doublings) = failures.checked_sub(1) else {
            return self.period.mul_f64(rng.random_range(0.9..1.1));
        };
        let pause = self.period.min(BACKOFF) * 2_u32.pow(doublings.min(16));
        let pause = pause.min(self.period.max(BACKOFF));
        pause.mul_f64(rng.random_range(0.5..1.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::{SeedableRng, rngs::StdRng};

    use super::{BACKOFF, Schedule};

    fn pauses(schedule: Schedule, failures: u32) -> impl Iterator<Item = Duration> {
        (0..100).map(move |seed| schedule.pause(failures, &mut StdRng::seed_from_u64(seed)))
    }

    #[test]
    fn a_task_that_fails_is_tried_less_and_less_often() {
        let short = Schedule::every(Duration::from_millis(500));
        let long = Schedule::every(Duration::from_mins(10));
        for (schedule, failures, most) in [
            (short, 1, Duration::from_millis(500)),
            (short, 3, Duration::from_secs(2)),
            (short, 9, BACKOFF),
            (short, u32::MAX, BACKOFF),
            (long, 1, BACKOFF),
            (long, 2, 2 * BACKOFF),
            (long, u32::MAX, Duration::from_mins(10)),
        ] {
            for pause in pauses(schedule, failures) {
                assert!(pause <= most, "{pause:?} {most:?}");
                assert!(pause >= most / 2, "{pause:?} {most:?}");
            }
        }
    }

    #[test]
    fn periods_and_starts_drift_apart() {
        let schedule = Schedule::every(Duration::from_mins(10));
        for pause in pauses(schedule, 0) {
            let minutes = pause.as_secs_f64() / 60.0;
            assert!((9.0..11.0).contains(&minutes), "{minutes}");
        }
        let first = |schedule: Schedule, seed| schedule.first(&mut StdRng::seed_from_u64(seed));
        assert_eq!(first(schedule, 0), Duration::ZERO);
        assert_eq!(first(schedule.late(), 0), Duration::from_mins(10));
        let spread: Vec<_> = (0..20).map(|seed| first(schedule.spread(), seed)).collect();
        assert!(spread.iter().all(|first| *first <= Duration::from_mins(1)));
        assert!(spread.windows(2).any(|two| two[0] != two[1]));
    }
}
