//! Answers that are no lists fit in 4 MiB, too.

use std::collections::BTreeSet;

use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    proto::{
        BatchCreateContactsRequest, ExportLeadRequest, GetDistributionRequest, GetLeadRequest,
        GetSourceRequest, Lead, LeadIdentity, LeadView, ListContactsRequest, ListDealsRequest,
        LookupLeadRequest, PreviewDistributionRequest, SetOperatorWeightRequest,
        batch_create_contacts_result::Result as Outcome, lookup_lead_request::Identifier,
    },
};
use prost::Message;
use tonic::Code;

use super::fill::{LONG, MANY, PAGE_BYTES, fill, id};
use crate::support::{App, assert_error, call, contact, external, request_id};

/// Mutants: deals that have no room left out; a part that begins anew on each page.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_kept_of_a_lead_comes_in_answers_that_fit() {
    let app = App::start().await;
    fill(&app).await;
    let mut export = ExportLeadRequest {
        id: id(1),
        ..Default::default()
    };
    for page_size in [0, 77] {
        export.page_size = page_size;
        let mut found = [(); 4].map(|()| Vec::new());
        loop {
            let page = call!(app.leads.export_lead(export.clone())).unwrap();
            assert!(page.encoded_len() < PAGE_BYTES);
            assert_eq!(page.lead.unwrap().id, id(1));
            assert_eq!(page.truncated, !page.next_page_token.is_empty());
            let before: usize = found.iter().map(Vec::len).sum();
            found[0].extend(page.contacts.into_iter().map(|each| each.id));
            found[1].extend(page.deals.into_iter().map(|each| each.id));
            found[2].extend(page.tasks.into_iter().map(|each| each.id));
            found[3].extend(page.activities.into_iter().map(|each| each.id));
            let now: usize = found.iter().map(Vec::len).sum();
            assert!(page_size == 0 || now - before <= 77);
            export.page_token = page.next_page_token;
            if export.page_token.is_empty() {
                break;
            }
        }
        for (part, count) in found.iter().zip([LONG, MANY, LONG, LONG]) {
            let newest_first: Vec<_> = (1..=count).rev().map(id).collect();
            assert_eq!(*part, newest_first);
        }
    }

    let get = GetLeadRequest {
        id: id(1),
        view: LeadView::Full.into(),
    };
    let lookup = LookupLeadRequest {
        identifier: Some(Identifier::ExternalId(format!(
            "1{}",
            "\u{1f600}".repeat(250)
        ))),
        view: LeadView::Full.into(),
    };
    let lead = call!(app.leads.get_lead(get)).unwrap();
    assert_eq!(call!(app.leads.lookup_lead(lookup)).unwrap(), lead);
    assert!(lead.encoded_len() < PAGE_BYTES);
    assert!(!lead.contacts.is_empty() && !lead.deals.is_empty());
    assert_eq!(behind(&app, &lead).await, (LONG, MANY));
}

/// How many contacts and deals a lead has, those behind its answer included.
async fn behind(app: &App, lead: &Lead) -> (usize, usize) {
    let (mut contacts, mut deals) = (lead.contacts.len(), lead.deals.len());
    let mut token = lead.next_contacts_page_token.clone();
    while !token.is_empty() {
        let request = ListContactsRequest {
            lead_id: lead.id.clone(),
            page_token: token,
            ..Default::default()
        };
        let page = call!(app.contacts.list_contacts(request)).unwrap();
        contacts += page.contacts.len();
        token = page.next_page_token;
    }
    let mut token = lead.next_deals_page_token.clone();
    while !token.is_empty() {
        let request = ListDealsRequest {
            lead_id: lead.id.clone(),
            page_token: token,
            ..Default::default()
        };
        let page = call!(app.deals.list_deals(request)).unwrap();
        deals += page.deals.len();
        token = page.next_page_token;
    }
    (contacts, deals)
}

/// Mutant: no limit of weights.
#[tokio::test(flavor = "multi_thread")]
async fn what_tells_of_all_weights_fits() {
    let app = App::start().await;
    fill(&app).await;
    let set = async |operator: usize, weight: i32| {
        let request = SetOperatorWeightRequest {
            source_id: id(1),
            operator_id: id(operator),
            weight: Some(weight),
            ..Default::default()
        };
        call!(app.sources.set_operator_weight(request))
    };
    set(MANY, 7).await.unwrap();
    let outcome = set(MANY + 1, 7).await;
    assert_error(outcome, Code::FailedPrecondition, "TOO_MANY_WEIGHTS");
    let source = call!(app.sources.get_source(GetSourceRequest { id: id(1) })).unwrap();
    assert_eq!(source.weights.len(), MANY);
    assert!(source.encoded_len() < PAGE_BYTES);
    let request = PreviewDistributionRequest { source_id: id(1) };
    let preview = call!(app.sources.preview_distribution(request)).unwrap();
    assert_eq!(preview.candidates.len(), MANY);
    assert!(preview.encoded_len() < PAGE_BYTES);
}

/// Mutant: the totals of a source taken of its page.
#[tokio::test(flavor = "multi_thread")]
async fn a_distribution_of_many_operators_fits() {
    let app = App::start().await;
    app.execute(&format!(
        "INSERT INTO sources (organization_id, id, code, name)
         SELECT '{ORGANIZATION}', lpad(n::text, 32, '0')::uuid, n, n
         FROM generate_series(1, 30) AS n;
         INSERT INTO contact_cells SELECT organization_id, 'ALL', id, '-infinity',
             lpad(o::text, 32, '0')::uuid, 1, 0, 0, 1000000000
         FROM sources, generate_series(1, 1000) AS o"
    ))
    .await;
    let mut request = GetDistributionRequest::default();
    let mut found = BTreeSet::new();
    let mut pages = 0;
    loop {
        let page = call!(app.analytics.get_distribution(request.clone())).unwrap();
        assert!(page.encoded_len() < PAGE_BYTES);
        for row in page.rows {
            assert!((row.share - 0.001).abs() < 1e-12);
            assert!(found.insert((row.source_id, row.operator_id)));
        }
        pages += 1;
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!((found.len(), pages), (30_000, 2));
}

/// Mutants: an answer as it comes; only messages left out.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_long_contacts_is_taken_in_and_answered_in_short() {
    let app = App::start().await;
    fill(&app).await;
    let source = app.source("bot", &[]).await;
    let long = |n: usize, length| format!("{n}{}", "\u{1f600}".repeat(length));
    let batch = |message: &str, lead: &dyn Fn(usize) -> LeadIdentity| BatchCreateContactsRequest {
        requests: (1..=MANY)
            .map(|n| {
                let mut request = contact(&source, lead(n));
                message.clone_into(&mut request.message);
                request
            })
            .collect(),
        request_id: request_id(),
    };
    // Messages that are nearly all that a request may have; leads known by more than is sent.
    let messages = batch(&"\u{1f600}".repeat(1_000), &|n| {
        external(format!("new {n}"))
    });
    let leads = batch("Hello", &|n| external(long(n, 250)));
    let short = batch("Hello", &|n| external(format!("short {n}")));
    for (request, shortened) in [(messages, true), (leads, true), (short, false)] {
        let answer = call!(app.contacts.batch_create_contacts(request.clone())).unwrap();
        assert!(answer.encoded_len() < PAGE_BYTES);
        assert_eq!(answer.shortened, shortened);
        let mut ids = BTreeSet::new();
        for (result, request) in answer.results.iter().zip(&request.requests) {
            let Some(Outcome::Response(response)) = &result.result else {
                panic!("refused");
            };
            let made = response.contact.as_ref().unwrap();
            assert!(ids.insert(made.id.clone()));
            assert_eq!(response.lead.as_ref().unwrap().id, made.lead_id);
            if !shortened {
                assert_eq!(made.message, request.message);
            }
        }
        assert_eq!(ids.len(), MANY);
        let last = answer.results.last().unwrap().result.clone().unwrap();
        let (Outcome::Response(last), sent) = (last, request.requests.last().unwrap()) else {
            panic!("refused");
        };
        let kept = app.get_contact(&last.contact.unwrap()).await;
        assert_eq!(kept.message, sent.message);
        // Again it is the same.
        let again = call!(app.contacts.batch_create_contacts(request)).unwrap();
        assert_eq!(again, answer);
    }
}
