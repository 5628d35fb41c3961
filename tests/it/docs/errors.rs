//! `errors.md`: every reason, with the code, the text and the details that a caller is
//! sent with it.

use std::fmt::Write;

use minicrm::error::{DOMAIN, Reason};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{assert_page, reasons::example};

const INTRODUCTION: &str = "\
# Errors

Every error of a method carries a [`google.rpc.ErrorInfo`](../../proto/google/rpc/error_details.proto) with domain `minicrm` and one
of these reasons. Programs go by code and reason; messages are for people and may change, those shown are examples. *Details* are the
other messages of `google.rpc` that come along, and what is in the metadata of ErrorInfo.

What RetryInfo says is also in the trailer `grpc-retry-pushback-ms`, for clients that repeat calls by themselves.
`BatchCreateContacts` succeeds as a whole and gives a result or an error of this kind for each request. Only two errors have no
details: metadata beyond 16 KiB, which HTTP/2 itself refuses, and CANCELLED, which nobody reads. (A client may find out by itself that
its deadline has passed, and then tells so in its own words.)
";

/// The name of a code in the contract of gRPC.
fn code(code: Code) -> String {
    let name = format!("{code:?}");
    let parts = name.char_indices().map(|(at, letter)| {
        let before = if at > 0 && letter.is_uppercase() {
            "_"
        } else {
            ""
        };
        format!("{before}{}", letter.to_ascii_uppercase())
    });
    parts.collect()
}

/// What comes with it: messages, then what is in the metadata.
fn details(status: &Status) -> String {
    let details = status.get_error_details();
    let mut names: Vec<_> = [
        ("BadRequest", details.bad_request().is_some()),
        (
            "PreconditionFailure",
            details.precondition_failure().is_some(),
        ),
        ("QuotaFailure", details.quota_failure().is_some()),
        ("ResourceInfo", details.resource_info().is_some()),
        ("RetryInfo", details.retry_info().is_some()),
    ]
    .into_iter()
    .filter(|(_, there)| *there)
    .map(|(name, _)| name.to_owned())
    .collect();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, DOMAIN);
    let mut keys: Vec<_> = info.metadata.keys().map(|key| format!("`{key}`")).collect();
    keys.sort();
    names.extend(keys);
    names.join(", ")
}

#[test]
fn errors_are_what_callers_are_sent() {
    let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    codes.sort_by_key(|code| *code as i32);
    codes.dedup();
    let mut text = INTRODUCTION.to_owned();
    for code in codes {
        let head = "| reason | when | message | details |\n|---|---|---|---|\n";
        let _ = write!(text, "\n## {}\n\n{head}", self::code(code));
        for reason in Reason::ALL.iter().filter(|reason| reason.code() == code) {
            let error = example(*reason);
            assert_eq!(error.reason(), *reason);
            let status = Status::from(&error);
            let message = status.message();
            let details = details(&status);
            let (reason, when) = (reason.as_str(), reason.when().trim());
            let _ = writeln!(text, "| `{reason}` | {when} | {message} | {details} |");
        }
    }
    assert_page("errors.md", &text);
}
