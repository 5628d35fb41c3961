//! What errors say to people: sentences, without personal data. Programs go by the
//! reason and the details.

use std::fmt::Write;

use uuid::Uuid;

use super::reasons::{
    CONTACT_CLOSED, DEAL_AMOUNT_REQUIRED, DEAL_CLOSED, DEAL_OPEN, INVITATION_REQUIRED, LAST_OWNER,
    LEAD_HAS_DEALS, LEAD_HAS_OPEN_CONTACTS, NOT_OWN, OPERATOR_AT_LIMIT, OPERATOR_INACTIVE,
    ORGANIZATION_REQUIRED, OWNER_REQUIRED, REGISTRATION_CLOSED, ROLE_DENIED, SOURCE_INACTIVE,
    STAGE_ROLLBACK, TOO_MANY_WEIGHTS, USER_REQUIRED,
};

/// A name of the contract, in words.
pub fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Why the caller may not do it.
pub fn denied(reason: &str) -> &'static str {
    match reason {
        ROLE_DENIED => "Your role or key does not permit this.",
        NOT_OWN => "You may do this only with what is yours.",
        OWNER_REQUIRED => "Only an owner may do this.",
        USER_REQUIRED => "Only a user may do this, not a service with a key.",
        ORGANIZATION_REQUIRED => "You are in no organization.",
        INVITATION_REQUIRED => "Only who is invited may register here.",
        REGISTRATION_CLOSED => "Nobody may register here.",
        STAGE_ROLLBACK => "Only owners and admins may move a deal back.",
        _ => "You may not do this.",
    }
}

/// What stands in the way.
pub fn precondition(reason: &str) -> &'static str {
    match reason {
        OPERATOR_AT_LIMIT => "The operator has reached a limit.",
        OPERATOR_INACTIVE => "The operator is not active.",
        TOO_MANY_WEIGHTS => "The source has as many weights as a source may have.",
        SOURCE_INACTIVE => "The source takes no contacts in at present.",
        CONTACT_CLOSED => "The contact is closed.",
        LAST_OWNER => "The organization would be left without an owner.",
        LEAD_HAS_OPEN_CONTACTS => "The lead has contacts that are not closed.",
        LEAD_HAS_DEALS => "The lead has deals.",
        DEAL_AMOUNT_REQUIRED => "A deal that is won needs an amount.",
        DEAL_CLOSED => "The deal is closed.",
        DEAL_OPEN => "The deal is open.",
        _ => "The present state does not allow this.",
    }
}

/// Which fields have values that others have.
pub fn taken(kind: &str, fields: &[(&'static str, Uuid)]) -> String {
    let names: Vec<_> = fields.iter().map(|(field, _)| words(field)).collect();
    let last = names.last().map_or("", String::as_str);
    let kind = words(kind);
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
            taken("lead", &fields)
        };
        assert_eq!(told(&["phone"]), "Another lead has this phone already.");
        assert_eq!(
            told(&["external_id", "phone", "email"]),
            "Other leads have this external id, phone and email already."
        );
    }

    /// Each of the reasons has a sentence of its own.
    #[test]
    fn reasons_are_told_in_sentences() {
        let source = include_str!("reasons.rs");
        let reasons = source
            .lines()
            .filter_map(|line| line.split_once("&str = \""));
        for (_, rest) in reasons {
            let reason = rest.trim_end_matches("\";");
            let told = [denied(reason), precondition(reason)];
            let generic = [denied(""), precondition("")];
            assert_ne!(told, generic, "{reason} has no sentence");
        }
    }
}
