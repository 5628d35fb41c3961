//! Errors fit in the trailers that clients accept.

use minicrm::proto::{
    BatchCreateContactsRequest, CreateContactRequest, CreateLeadRequest, Lead, LeadIdentity,
    ListContactsRequest, OperatorWeight, ReplaceOperatorWeightsRequest,
    batch_create_contacts_result::Result as Outcome, create_contact_request::Source,
};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::{FieldViolation, StatusExt};

use crate::support::{App, call};

/// The trailers that a status was, and HPACK counts, at most.
fn trailers(status: &Status) -> usize {
    let headers = status.metadata().clone().into_headers();
    let rest: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum();
    let message = status.message().len() * 3;
    rest + message + status.details().len().div_ceil(3) * 4 + 3 * 60
}

fn violations(status: &Status) -> Vec<FieldViolation> {
    let details = status.get_error_details();
    let bad = details.bad_request().expect("the fields");
    bad.field_violations.clone()
}

/// Asserts that an error names the first of so many violations, and counts the others.
fn assert_fits(status: &Status, given: usize) {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert!(trailers(status) < 4096, "{}", trailers(status));
    let found = violations(status);
    let (last, named) = found.split_last().unwrap();
    assert!(named.len() >= 10, "{}", named.len());
    assert_eq!(
        last.description,
        format!("… and {} more", given - named.len())
    );
}

/// Mutant: the details as they come.
#[tokio::test]
async fn two_hundred_violations_fit_and_a_hundred_thousand_are_counted() {
    let app = App::start().await;
    let weight = OperatorWeight {
        operator_id: "\u{436}".repeat(1000),
        source_id: "\u{1f600}".to_owned(),
        weight: Some(-1),
        ..OperatorWeight::default()
    };
    let request = ReplaceOperatorWeightsRequest {
        source_id: "no id".to_owned(),
        weights: vec![weight; 200],
        ..Default::default()
    };
    let outcome = call!(app.sources.replace_operator_weights(request));
    // The source, and of each weight: two ids and a number, and all but one are doubles.
    let status = outcome.unwrap_err();
    assert!(trailers(&status) < 4096);
    assert!(
        violations(&status)
            .last()
            .unwrap()
            .description
            .starts_with("… and ")
    );
    for given in [200, 100_000] {
        let request = ListContactsRequest {
            statuses: vec![7; given],
            ..Default::default()
        };
        let outcome = call!(app.contacts.list_contacts(request));
        assert_fits(&outcome.unwrap_err(), given);
    }
}

#[tokio::test]
async fn what_callers_write_is_not_sent_back_at_length() {
    let app = App::start().await;
    let long = "\u{1f600}%\u{436} ".repeat(5_000);
    let request = CreateContactRequest {
        source: Some(Source::SourceCode(long.clone())),
        lead: Some(LeadIdentity {
            external_id: long.clone(),
            phone: long.clone(),
            email: long.clone(),
            name: long.clone(),
        }),
        message: long.repeat(2),
        request_id: long.clone(),
    };
    let status = call!(app.contacts.create_contact(request.clone())).unwrap_err();
    assert!(trailers(&status) < 4096, "{}", trailers(&status));
    let request = CreateLeadRequest {
        lead: Some(Lead {
            external_id: long.clone(),
            owner_user_id: long,
            ..Lead::default()
        }),
        ..Default::default()
    };
    let status = call!(app.leads.create_lead(request)).unwrap_err();
    assert!(trailers(&status) < 4096, "{}", trailers(&status));
}

/// A thousand errors fit in an answer, each of them in the trailers of a call.
#[tokio::test]
async fn a_batch_of_errors_is_short() {
    let app = App::start().await;
    let wrong = CreateContactRequest {
        message: "\0".to_owned(),
        request_id: "1".to_owned(),
        lead: Some(LeadIdentity {
            external_id: "\u{1}".repeat(300),
            phone: "\u{436}".repeat(100),
            email: "\u{436}".repeat(300),
            name: "\u{7}".repeat(300),
        }),
        ..Default::default()
    };
    let request = BatchCreateContactsRequest {
        requests: vec![wrong; 1000],
        ..Default::default()
    };
    let answer = call!(app.contacts.batch_create_contacts(request)).unwrap();
    assert!(answer.encoded_len() < 3 * 1024 * 1024);
    assert!(!answer.shortened);
    for result in answer.results {
        let Some(Outcome::Error(status)) = result.result else {
            panic!("taken in");
        };
        assert!(status.encoded_len() < 2_300);
        assert_eq!(status.code, i32::from(Code::InvalidArgument));
    }
}
