//! Buckets of rollups: by when what they count was created.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::text_enum;

text_enum! {
    /// How long the time is that one rollup is about.
    Bucket {
        /// Whenever it was.
        AllTime = "ALL",
        /// What was created on one day, by UTC.
        Day = "DAY",
        /// What was created in one hour.
        Hour = "HOUR",
    }
}

impl Bucket {
    /// When the bucket begins that the time is in; none for all time.
    pub fn start(self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let length = self.length()?;
        let into = time
            .timestamp_micros()
            .rem_euclid(length.num_microseconds()?);
        Some(time - TimeDelta::microseconds(into))
    }

    /// When the first one begins that has nothing before the time; none for all
    /// time.
    pub fn start_from(self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.start(time + self.length()? - TimeDelta::microseconds(1))
    }

    fn length(self) -> Option<TimeDelta> {
        match self {
            Self::AllTime => None,
            Self::Day => Some(TimeDelta::days(1)),
            Self::Hour => Some(TimeDelta::hours(1)),
        }
    }
}
