//! What fits in the trailers of an answer: clients refuse longer ones, and report
//! that instead of the error.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Most bytes of the details: a third more as base64. With [`MAX_MESSAGE`] and the
/// other trailers it stays below 4 KiB, and a thousand of them below an answer's limit.
const MAX_DETAILS: usize = 2_200;
/// Most bytes of the message, percent-encoded.
const MAX_MESSAGE: usize = 512;
/// Most bytes of a text in the details.
const MAX_TEXT: usize = 200;

/// The status of an error. Texts are cut, then the last violations are left out, until
/// it fits; the last one of those that are named says how many are not, those `more`
/// included that were not even given.
pub fn status(code: Code, message: &str, details: &ErrorDetails, more: usize) -> Status {
    let message = clip(message, MAX_MESSAGE, |c| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' | ',' => 1,
        c => 3 * c.len_utf8(),
    });
    let details = cut_texts(details);
    let violations = details
        .bad_request()
        .map(|bad| bad.field_violations.clone());
    let violations = violations.unwrap_or_default();
    let encoded = |details: ErrorDetails| Status::with_error_details(code, &message, details);
    let fits = |shown: usize| {
        let mut details = details.clone();
        let left_out = violations.len() - shown + more;
        if !violations.is_empty() {
            let mut named = violations[..shown].to_vec();
            if left_out > 0 {
                named.push(FieldViolation::new("", format!("… and {left_out} more")));
            }
            details.set_bad_request(named);
        }
        Some(encoded(details)).filter(|status| status.details().len() <= MAX_DETAILS)
    };
    // Few can fit: none is so short that a hundred would.
    let first = violations.len().min(100);
    (0..=first).rev().find_map(fits).unwrap_or_else(|| {
        let reason = details.error_info().map(|info| info.reason.clone());
        encoded(ErrorDetails::with_error_info(
            reason.unwrap_or_default(),
            super::DOMAIN,
            HashMap::<String, String>::new(),
        ))
    })
}

/// The details with each text cut.
fn cut_texts(details: &ErrorDetails) -> ErrorDetails {
    let cut = |text: &str| clip(text, MAX_TEXT, char::len_utf8);
    let mut short = ErrorDetails::new();
    if let Some(info) = details.error_info() {
        let metadata = info.metadata.iter();
        let metadata = metadata.map(|(key, value)| (cut(key), cut(value)));
        short.set_error_info(
            cut(&info.reason),
            &*info.domain,
            metadata.collect::<HashMap<_, _>>(),
        );
    }
    if let Some(retry) = details.retry_info() {
        short.set_retry_info(retry.retry_delay);
    }
    if let Some(bad) = details.bad_request() {
        let violations = bad.field_violations.iter();
        let violations = violations.map(|v| FieldViolation {
            field: cut(&v.field),
            description: cut(&v.description),
            reason: cut(&v.reason),
            localized_message: None,
        });
        short.set_bad_request(violations.collect::<Vec<_>>());
    }
    if let Some(resource) = details.resource_info() {
        short.set_resource_info(
            cut(&resource.resource_type),
            cut(&resource.resource_name),
            cut(&resource.owner),
            cut(&resource.description),
        );
    }
    for violation in details
        .precondition_failure()
        .iter()
        .flat_map(|f| &f.violations)
    {
        short.add_precondition_failure_violation(
            cut(&violation.r#type),
            cut(&violation.subject),
            cut(&violation.description),
        );
    }
    for violation in details.quota_failure().iter().flat_map(|f| &f.violations) {
        short.add_quota_failure_violation(cut(&violation.subject), cut(&violation.description));
    }
    short
}

/// The text, cut if its characters are longer than `max` together.
fn clip(text: &str, max: usize, length: impl Fn(char) -> usize) -> String {
    const MARK: char = '…';
    if text.chars().map(&length).sum::<usize>() <= max {
        return text.to_owned();
    }
    let mut used = length(MARK);
    let kept = text.chars().take_while(|&c| {
        used += length(c);
        used <= max
    });
    kept.chain([MARK]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// The bytes of the trailers that a status makes, as HPACK counts them.
    fn trailers(status: &Status) -> usize {
        let response = status.clone().into_http::<()>();
        let headers = response.headers().iter();
        headers
            .map(|(name, value)| name.as_str().len() + value.len() + 32)
            .sum()
    }

    proptest! {
        #[test]
        fn no_error_has_long_trailers(
            message in ".{0,3000}",
            texts in vec(("[a-z\u{436}\u{1f600}]{0,900}", ".{0,300}"), 0..300),
            metadata in vec((".{0,300}", ".{0,3000}"), 0..9),
            more in 0_usize..1_000_000,
        ) {
            let mut details = ErrorDetails::new();
            let metadata = HashMap::from_iter(metadata);
            details.set_error_info("INVALID_FIELDS", "minicrm", metadata);
            for (index, (name, text)) in texts.iter().enumerate() {
                match index % 4 {
                    0 | 1 => details.add_bad_request_violation(name, text),
                    2 => details.add_precondition_failure_violation(name, name, text),
                    _ => details.add_quota_failure_violation(name, text),
                };
                details.set_resource_info(name, name, name, text);
            }
            let status = status(Code::InvalidArgument, &message, &details, more);
            prop_assert!(trailers(&status) < 4096 - 300, "{}", trailers(&status));
            let details = status.get_error_details();
            prop_assert_eq!(&details.error_info().unwrap().reason, "INVALID_FIELDS");
        }
    }

    #[test]
    fn as_many_violations_are_named_as_fit_and_the_others_counted() {
        for given in [0, 1, 30, 200] {
            let named = (0..given).map(|n| FieldViolation::new(format!("field[{n}]"), "is wrong"));
            let mut details = ErrorDetails::new();
            details.set_bad_request(named.collect::<Vec<_>>());
            let status = status(Code::InvalidArgument, "wrong", &details, 7);
            let details = status.get_error_details();
            let told = &details.bad_request().unwrap().field_violations;
            let Some((last, named)) = told.split_last() else {
                assert_eq!(given, 0);
                continue;
            };
            assert!(named.len() == given || named.len() > 25, "{}", named.len());
            assert_eq!(
                last.description,
                format!("… and {} more", given - named.len() + 7)
            );
            assert_eq!(last.field, "");
        }
    }

    #[test]
    fn texts_are_cut_between_characters() {
        let cut = |text: &str, max| clip(text, max, char::len_utf8);
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abc…");
        assert_eq!(cut("\u{436}\u{436}\u{436}\u{436}", 6), "\u{436}…");
        assert_eq!(cut("", 6), "");
    }
}
