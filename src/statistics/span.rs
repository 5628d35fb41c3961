//! Spans of time that what was created in them is counted by.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::text_enum;

text_enum! {
    /// What is counted together, by the time it was created.
    Span {
        /// All that there is.
        All = "ALL",
        /// What was created on one day, by UTC.
        Day = "DAY",
        /// What was created in one hour.
        Hour = "HOUR",
    }
}

impl Span {
    /// When the one begins that the time is in; none for all that there is.
    pub fn start(self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let length = self.length()?;
        let into = time
            .timestamp_micros()
            .rem_euclid(length.num_microseconds()?);
        Some(time - TimeDelta::microseconds(into))
    }

    /// When the first one begins that has nothing before the time; none for all
    /// that there is.
    pub fn start_from(self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.start(time + self.length()? - TimeDelta::microseconds(1))
    }

    fn length(self) -> Option<TimeDelta> {
        match self {
            Self::All => None,
            Self::Day => Some(TimeDelta::days(1)),
            Self::Hour => Some(TimeDelta::hours(1)),
        }
    }
}
