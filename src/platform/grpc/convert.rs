//! Days and times on the wire.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use prost_types::Timestamp;

use crate::proto;

/// A day on the wire.
pub fn date(date: NaiveDate) -> proto::Date {
    let unsigned = |part: u32| i32::try_from(part).unwrap_or_default();
    proto::Date {
        year: date.year(),
        month: unsigned(date.month()),
        day: unsigned(date.day()),
    }
}

/// A time on the wire.
pub fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: time.timestamp(),
        nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
    }
}
