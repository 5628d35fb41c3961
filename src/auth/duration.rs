//! Durations as settings have them: `90s`, `15m`, `12h`, `7d`.

use std::{ops::RangeInclusive, time::Duration};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long access tokens may be valid.
pub fn access_token(text: &str) -> Result<Duration, String> {
    between(text, MINUTE..=DAY)
}

/// How long refresh tokens and sessions may be valid.
pub fn session(text: &str) -> Result<Duration, String> {
    between(text, HOUR..=365 * DAY)
}

/// How long a used refresh token may give its successor again.
pub fn grace(text: &str) -> Result<Duration, String> {
    between(text, 0..=MINUTE)
}

/// A number of seconds, or of what its unit says. The error is a message for the
/// terminal.
fn between(text: &str, allowed: RangeInclusive<u64>) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return Err("not a duration like `90s`, `15m`, `12h` or `7d`".to_owned()),
    };
    let count: u64 = digits
        .parse()
        .map_err(|_| "not a duration like `90s`, `15m`, `12h` or `7d`".to_owned())?;
    let seconds = count.saturating_mul(unit);
    if allowed.contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    let (least, most) = (allowed.start(), allowed.end());
    Err(format!("not between {least} and {most} seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_bounds() {
        let seconds = |parsed: Result<Duration, String>| parsed.map(|time| time.as_secs());
        assert_eq!(seconds(access_token("15m")), Ok(900));
        assert_eq!(seconds(access_token("60")), Ok(60));
        assert_eq!(seconds(session("7d")), Ok(604_800));
        assert_eq!(seconds(grace("0")), Ok(0));
        for wrong in [
            "",
            "m",
            "-1m",
            "1w",
            "1.5h",
            "59s",
            "25h",
            "99999999999999999999",
        ] {
            access_token(wrong).unwrap_err();
        }
        access_token("18446744073709551615d").unwrap_err();
        session("366d").unwrap_err();
        grace("61s").unwrap_err();
    }
}
