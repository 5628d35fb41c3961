//! Measures what every call does in memory: the draw, checks and normal forms,
//! page tokens.
//!
//! `cargo bench --bench micro`

#![allow(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "a benchmark that cannot go on has failed"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "what is kept out of the service has its place around it"
)]

use divan::{Bencher, black_box};
use minicrm::{
    ids::OperatorId,
    normalize_code, parse_new_contact,
    pick::{Candidate, pick},
    platform::grpc::{page::Pager, validate::Violations},
    proto::{
        CreateContactRequest, LeadIdentity, ListContactsRequest, create_contact_request::Source,
    },
};
use rand::{SeedableRng, rngs::StdRng};
use uuid::Uuid;

fn main() {
    divan::main();
}

/// The draw of an operator.
#[divan::bench(args = [10, 1000])]
fn draw(bencher: Bencher<'_, '_>, candidates: u32) {
    let candidates: Vec<_> = (1..=candidates)
        .map(|number| Candidate {
            operator_id: OperatorId::from_uuid(Uuid::from_u128(number.into())),
            weight: number,
        })
        .collect();
    let mut rng = StdRng::seed_from_u64(1);
    bencher.bench_local(|| pick(&mut rng, black_box(&candidates)));
}

#[divan::bench(args = ["+49 30 1234567", "030 1234567"])]
fn phone(number: &str) -> Option<String> {
    let region = "DE".parse().ok();
    Violations::new().phone("lead.phone", black_box(number), region)
}

#[divan::bench]
fn email() -> Option<String> {
    Violations::new().email("lead.email", black_box("Eve.Example@Example.org"))
}

#[divan::bench]
fn code() -> String {
    normalize_code(black_box(" Web-Site "))
}

/// The check of all that a careful client sends.
#[divan::bench]
fn create_contact_request(bencher: Bencher<'_, '_>) {
    let request = CreateContactRequest {
        source: Some(Source::SourceCode("site".to_owned())),
        lead: Some(LeadIdentity {
            external_id: "chat-1".to_owned(),
            phone: "+49 30 1234567".to_owned(),
            email: "eve@example.org".to_owned(),
            name: "Eve Example".to_owned(),
        }),
        message: "Do you ship to Rome?".to_owned(),
        request_id: Uuid::now_v7().to_string(),
    };
    bencher
        .with_inputs(|| request.clone())
        .bench_values(|request| {
            let mut violations = Violations::new();
            let contact = parse_new_contact(&mut violations, request, None);
            violations.finish().map(|()| contact)
        });
}

/// The token of the next page.
#[divan::bench]
fn make_page_token(bencher: Bencher<'_, '_>) {
    let pager = pager(&ListContactsRequest::default());
    let ids: Vec<_> = (0..=50).map(Uuid::from_u128).collect();
    bencher
        .with_inputs(|| ids.clone())
        .bench_values(|ids| next_page_token(&pager, ids));
}

/// A request with a token.
#[divan::bench]
fn read_page_token(bencher: Bencher<'_, '_>) {
    let mut request = ListContactsRequest::default();
    let ids = (0..=50).map(Uuid::from_u128).collect();
    request.page_token = next_page_token(&pager(&request), ids);
    assert!(pager(&request).page.after.is_some());
    bencher.bench(|| pager(black_box(&request)));
}

fn next_page_token(pager: &Pager, ids: Vec<Uuid>) -> String {
    let answers = pager.finish(ids, |id| *id, |id| id.to_string());
    answers.next_page_token
}

fn pager(request: &ListContactsRequest) -> Pager {
    let mut violations = Violations::new();
    let pager = Pager::parse(&mut violations, Uuid::max(), request);
    violations.finish().unwrap();
    pager
}
