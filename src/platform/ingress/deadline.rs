//! When calls end: as the caller says in `grpc-timeout`, within what the server
//! allows.

use std::time::Duration;

use tokio::time::Instant;
use tonic::codegen::http::{Extensions, HeaderMap, HeaderValue};
use tonic_types::FieldViolation;

use crate::error::{Error, Result};

/// The header that says how long a caller waits.
const TIMEOUT: &str = "grpc-timeout";
/// The methods that may do a thousand things, and so have all the time there is.
const LONG_RUNNING_METHODS: [&str; 2] = ["/BatchCreateContacts", "/EraseLead"];

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Those that do not say.
    pub default: Duration,
    /// Those that say they have longer.
    pub max: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            default: Duration::from_secs(5),
            max: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// The deadline of a call of the method at `path` that arrives now.
    pub fn deadline(self, path: &str, headers: &HeaderMap) -> Result<Deadline> {
        let timeout = match headers.get(TIMEOUT) {
            None if LONG_RUNNING_METHODS
                .iter()
                .any(|method| path.ends_with(method)) =>
            {
                self.max
            }
            None => self.default,
            Some(value) => parse(value).ok_or_else(|| {
                let expected = "must be at most eight digits and a unit: H, M, S, m, u or n";
                Error::Invalid(vec![FieldViolation::new(TIMEOUT, expected)], 0)
            })?,
        };
        Ok(Deadline(Instant::now() + timeout.min(self.max)))
    }
}

/// When a call ends.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// That of the request with these extensions.
    pub fn of(extensions: &Extensions) -> Self {
        let deadline = extensions.get::<Self>().copied();
        deadline.unwrap_or_else(|| Self(Instant::now() + Timeouts::default().default))
    }

    /// Refuses a call that cannot be answered in time any more.
    pub fn check(self) -> Result<()> {
        if self.0 <= Instant::now() {
            return Err(Error::DeadlineExceeded);
        }
        Ok(())
    }
}

fn parse(timeout: &HeaderValue) -> Option<Duration> {
    let timeout = timeout.to_str().ok()?;
    let (count, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    let digits = matches!(count.len(), 1..=8) && count.bytes().all(|byte| byte.is_ascii_digit());
    let count: u64 = count.parse().ok().filter(|_| digits)?;
    Some(match unit {
        "H" => Duration::from_hours(count),
        "M" => Duration::from_mins(count),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}
