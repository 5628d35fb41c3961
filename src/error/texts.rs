//! What errors say to people: sentences, without personal data. Programs go by the
//! reason and the details.

use std::fmt::Write;

use uuid::Uuid;

use super::Resource;

/// A name of the contract, in words.
pub fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Which fields have values that others have.
pub fn taken(kind: Resource, fields: &[(&'static str, Uuid)]) -> String {
    let names: Vec<_> = fields.iter().map(|(field, _)| words(field)).collect();
    let last = names.last().map_or("", String::as_str);
    match names.split_last() {
        Some((_, [])) | None => format!("Another {kind} has this {last} already."),
        Some((_, others)) => {
            format!(
                "Other {kind}s have this {} and {last} already.",
                others.join(", ")
            )
        }
    }
}

/// Which limit of an operator is reached.
pub fn full(limit: i32, window_seconds: Option<i32>) -> String {
    let mut text = format!("The operator has reached their limit of {limit}");
    let contacts = if limit == 1 { "contact" } else { "contacts" };
    // Writing to a text cannot fail.
    let _ = match window_seconds {
        None => write!(text, " active {contacts}."),
        Some(seconds) => write!(text, " {contacts} in {}.", duration(seconds)),
    };
    text
}

/// A time, in the largest unit that it is a whole number of.
fn duration(seconds: i32) -> String {
    const UNITS: [(i32, &str); 3] = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let whole = UNITS.iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = whole.copied().unwrap_or((1, "second"));
    match seconds / unit {
        1 => format!("1 {name}"),
        number => format!("{number} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_words() {
        for (limit, window, text) in [
            (
                5,
                None,
                "The operator has reached their limit of 5 active contacts.",
            ),
            (
                1,
                None,
                "The operator has reached their limit of 1 active contact.",
            ),
            (
                3,
                Some(86_400),
                "The operator has reached their limit of 3 contacts in 1 day.",
            ),
            (
                3,
                Some(7200),
                "The operator has reached their limit of 3 contacts in 2 hours.",
            ),
            (
                0,
                Some(61),
                "The operator has reached their limit of 0 contacts in 61 seconds.",
            ),
        ] {
            assert_eq!(full(limit, window), text);
        }
    }

    #[test]
    fn all_fields_that_are_taken_are_told() {
        let id = Uuid::nil();
        let told = |fields: &[&'static str]| {
            let fields: Vec<_> = fields.iter().map(|field| (*field, id)).collect();
            taken(Resource::Lead, &fields)
        };
        assert_eq!(told(&["phone"]), "Another lead has this phone already.");
        assert_eq!(
            told(&["external_id", "phone", "email"]),
            "Other leads have this external id, phone and email already."
        );
    }
}
