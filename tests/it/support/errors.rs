//! What is expected of errors.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Asserts code and reason of an error; returns its details.
#[track_caller]
pub fn assert_error<T: std::fmt::Debug>(
    outcome: Result<T, Status>,
    code: Code,
    reason: &str,
) -> ErrorDetails {
    let status = outcome.unwrap_err();
    let details = status.get_error_details();
    let info = details.error_info().expect("every error has an ErrorInfo");
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (code, reason),
        "{status:?}"
    );
    assert_eq!(info.domain, "minicrm");
    details
}

/// Asserts that exactly these fields of the request are refused.
#[track_caller]
pub fn assert_invalid<T: std::fmt::Debug>(outcome: Result<T, Status>, fields: &[&str]) {
    let details = assert_error(outcome, Code::InvalidArgument, "INVALID_FIELDS");
    let violations = &details.bad_request().expect("the fields").field_violations;
    let mut found: Vec<_> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    let mut fields = fields.to_vec();
    found.sort_unstable();
    fields.sort_unstable();
    assert_eq!(found, fields);
}
