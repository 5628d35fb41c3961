//! Checks and normalises what comes from outside, once, at the edge. Collects
//! every violation before it refuses; knows no rule that needs the database.

mod currency;

use std::{ops::RangeInclusive, str::FromStr};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use email_address::{EmailAddress, Options};
use phonenumber::{Mode, country};
use prost_types::Timestamp;
use tonic_types::FieldViolation;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    ids::Id,
    proto,
};

/// Longest name and external id, in characters.
pub const MAX_NAME: usize = 256;
/// Longest message, comment and description, in characters.
pub const MAX_MESSAGE: usize = 10_000;
/// Longest e-mail address, in characters (RFC 5321).
const MAX_EMAIL: usize = 254;
/// Longest phone number as given, in characters.
const MAX_PHONE: usize = 64;

/// The last microsecond of the year 9999, behind which no message has times.
const LAST_TIME: DateTime<Utc> = match DateTime::from_timestamp_micros(253_402_300_799_999_999) {
    Some(time) => time,
    None => DateTime::<Utc>::MAX_UTC,
};

/// The violations found so far in one request.
#[derive(Debug, Default)]
pub struct Violations {
    /// The first of them: more than any answer has room for.
    found: Vec<FieldViolation>,
    /// How many more there are. (A request may well have millions.)
    more: usize,
}

/// How many violations are kept.
const MAX_KEPT: usize = 100;

/// Loads what is known of the world's phone numbers, else the first call that
/// has one would take tens of milliseconds longer.
pub fn load_phone_numbers() {
    let _ = phonenumber::parse(None, "+4930111111");
}

impl Violations {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. `field` is the path from the request, like `lead.email`.
    pub fn add(&mut self, field: impl Into<String>, description: impl Into<String>) {
        if self.found.len() < MAX_KEPT {
            self.found.push(FieldViolation::new(field, description));
        } else {
            self.more += 1;
        }
    }

    /// Refuses the request if there are any.
    pub fn finish(self) -> Result<()> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.found, self.more))
        }
    }

    /// One line of text: trimmed, NFC, at most `max` characters, no control
    /// characters. May be empty.
    pub fn line(&mut self, field: &str, value: &str, max: usize) -> String {
        self.text(field, value.trim(), max, &[])
    }

    /// One line of text that may not be empty.
    pub fn required_line(&mut self, field: &str, value: &str, max: usize) -> String {
        let text = self.line(field, value, max);
        if text.is_empty() {
            self.add(field, "is required");
        }
        text
    }

    /// One line of text; none if it is empty.
    pub fn optional_line(&mut self, field: &str, value: &str, max: usize) -> Option<String> {
        Some(self.line(field, value, max)).filter(|text| !text.is_empty())
    }

    /// Text of several lines: NFC, at most `max` characters, no control
    /// characters but tabs and line breaks. May be empty.
    pub fn lines(&mut self, field: &str, value: &str, max: usize) -> String {
        self.text(field, value, max, &['\t', '\n', '\r'])
    }

    fn text(&mut self, field: &str, value: &str, max: usize, allowed: &[char]) -> String {
        // NFC at most triples the length, so this bounds the work.
        if value.len() > max * 12 {
            self.add(field, format!("is longer than {max} characters"));
            return value.chars().take(max).collect();
        }
        let text: String = value.nfc().collect();
        if text.chars().count() > max {
            self.add(field, format!("is longer than {max} characters"));
        }
        if text
            .chars()
            .any(|c| c.is_control() && !allowed.contains(&c))
        {
            self.add(field, "holds control characters");
        }
        text
    }

    /// An e-mail address in lower case; none if it is empty.
    pub fn email(&mut self, field: &str, value: &str) -> Option<String> {
        let found = self.found.len();
        let email = self.optional_line(field, value, MAX_EMAIL)?.to_lowercase();
        let options = Options::default()
            .without_display_text()
            .without_domain_literal();
        let valid = EmailAddress::parse_with_options(&email, options).is_ok();
        if !valid && self.found.len() == found {
            self.add(field, "is not an e-mail address");
        }
        Some(email)
    }

    /// An e-mail address in lower case.
    pub fn required_email(&mut self, field: &str, value: &str) -> String {
        self.email(field, value).unwrap_or_else(|| {
            self.add(field, "is required");
            String::new()
        })
    }

    /// A phone number as E.164; none if it is empty. National numbers are read
    /// as of `region`.
    pub fn phone(
        &mut self,
        field: &str,
        value: &str,
        region: Option<country::Id>,
    ) -> Option<String> {
        let found = self.found.len();
        let phone = self.optional_line(field, value, MAX_PHONE)?;
        // The parser takes letters for digits and drops what follows a number.
        let plain = |(index, c): (usize, char)| {
            c.is_ascii_digit()
                || c.is_whitespace()
                || matches!(c, '-' | '.' | '/' | '(' | ')')
                || (c == '+' && index == 0)
        };
        let plain = phone.char_indices().all(plain);
        match phonenumber::parse(region, &phone) {
            Ok(number) if plain && number.is_valid() => {
                Some(number.format().mode(Mode::E164).to_string())
            }
            _ if self.found.len() > found => Some(phone),
            _ => {
                let form = if region.is_some() {
                    ""
                } else {
                    " in international form (+…)"
                };
                self.add(field, format!("is not a valid phone number{form}"));
                Some(phone)
            }
        }
    }

    /// A region, as a code of ISO 3166; none if it is empty.
    pub fn region(&mut self, field: &str, value: &str) -> Option<String> {
        if value.is_empty() {
            return None;
        }
        let region: Option<country::Id> = value.to_ascii_uppercase().parse().ok();
        if region.is_none() {
            self.add(field, "is not the code of a country");
        }
        region.map(|region| region.as_ref().to_owned())
    }

    /// An id of some kind of thing: a UUID in its hyphenated form.
    pub fn id<I: Id>(&mut self, field: &str, value: &str) -> I {
        I::from_uuid(self.uuid(field, value))
    }

    fn uuid(&mut self, field: &str, value: &str) -> Uuid {
        if value.is_empty() {
            self.add(field, "is required");
            return Uuid::nil();
        }
        match Uuid::from_str(value) {
            Ok(id) if value.len() == uuid::fmt::Hyphenated::LENGTH => id,
            _ => {
                self.add(field, "is not a UUID");
                Uuid::nil()
            }
        }
    }

    /// An id; none if it is empty.
    pub fn optional_id<I: Id>(&mut self, field: &str, value: &str) -> Option<I> {
        if value.is_empty() {
            None
        } else {
            Some(self.id(field, value))
        }
    }

    /// A number within limits.
    pub fn number(&mut self, field: &str, value: i32, limits: &RangeInclusive<i32>) -> i32 {
        if !limits.contains(&value) {
            self.add(
                field,
                format!("is not within {} to {}", limits.start(), limits.end()),
            );
        }
        value
    }

    /// A time to compare with those of the database, which have microseconds: the
    /// first of them that is not before it, or the last of all.
    pub fn time(&mut self, field: &str, value: Option<Timestamp>) -> Option<DateTime<Utc>> {
        let value = value?;
        let time = u32::try_from(value.nanos)
            .ok()
            .filter(|nanos| *nanos < 1_000_000_000)
            .and_then(|nanos| DateTime::from_timestamp(value.seconds, nanos))
            .filter(|time| (1..=9999).contains(&chrono::Datelike::year(time)));
        let Some(time) = time else {
            self.add(field, "is not a valid time");
            return None;
        };
        let nanos = time.timestamp_subsec_nanos();
        let rest = nanos.next_multiple_of(1000) - nanos;
        Some((time + TimeDelta::nanoseconds(rest.into())).min(LAST_TIME))
    }

    /// A day of the calendar.
    pub fn date(&mut self, field: &str, value: Option<proto::Date>) -> Option<NaiveDate> {
        let value = value?;
        let unsigned = |part: i32| u32::try_from(part).unwrap_or_default();
        let date = NaiveDate::from_ymd_opt(value.year, unsigned(value.month), unsigned(value.day))
            .filter(|_| (1..=9999).contains(&value.year));
        if date.is_none() {
            self.add(field, "is not a day of the calendar");
        }
        date
    }

    /// A value of an enum of the contract; unspecified and unknown ones are
    /// refused.
    pub fn required_enum<E: TryFrom<i32> + Default + PartialEq>(
        &mut self,
        field: &str,
        value: i32,
    ) -> E {
        let parsed = self.known_enum(field, value);
        if value == 0 {
            self.add(field, "is required");
        }
        parsed
    }

    /// A value of an enum of the contract; unknown ones are refused.
    pub fn known_enum<E: TryFrom<i32> + Default>(&mut self, field: &str, value: i32) -> E {
        E::try_from(value).unwrap_or_else(|_| {
            self.add(field, "is not a known value");
            E::default()
        })
    }

    /// The message that a request is about; without it, there is nothing more
    /// to check.
    pub fn required<T>(&mut self, field: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| {
            self.add(field, "is required");
            Error::Invalid(std::mem::take(&mut self.found), self.more)
        })
    }
}

#[cfg(test)]
mod tests;
