//! One lead per identifier, one contact per request id.

use std::collections::HashSet;

use minicrm::proto::{
    BatchCreateContactsRequest, CreateContactRequest, ListContactsRequest,
    batch_create_contacts_result,
};

use super::{flood, two};
use crate::support::{contact, external, operator, request_id};

/// Mutant: `ON CONFLICT DO NOTHING` without the CONFLICT of
/// `leads::store::insert_all` (contacts of leads that do not exist), or the
/// unique keys left out (many leads).
#[tokio::test(flavor = "multi_thread")]
async fn one_identifier_makes_one_lead() {
    let apps = two().await;
    let source = apps[0].source("bot", &[]).await;
    // Everyone knows the phone; some know more.
    let requests = (0..256).map(|n| {
        let mut lead = external(if n % 2 == 0 { "ann" } else { "" });
        lead.phone = "030 12345678".to_owned();
        lead.email = if n % 3 == 0 {
            "ann@example.org".to_owned()
        } else {
            String::new()
        };
        contact(&source, lead)
    });
    let answers = flood(&apps, requests.collect::<Vec<_>>()).await;
    let leads: HashSet<_> = answers.iter().map(|a| a.lead.clone().unwrap().id).collect();
    assert_eq!(leads.len(), 1);
    assert_eq!(
        answers.iter().filter(|answer| answer.lead_created).count(),
        1
    );
    let lead = answers
        .iter()
        .map(|answer| answer.lead.clone().unwrap())
        .max_by_key(|lead| {
            (
                lead.etag.parse::<i32>().unwrap(),
                lead.update_time.map(|time| (time.seconds, time.nanos)),
            )
        });
    let lead = lead.unwrap();
    assert_eq!(
        (
            lead.external_id.as_str(),
            lead.phone.as_str(),
            lead.email.as_str()
        ),
        ("ann", "+493012345678", "ann@example.org")
    );
}

/// Mutant: `request_id::claim` that answers `Fresh` to all.
#[tokio::test(flavor = "multi_thread")]
async fn one_request_id_makes_one_contact() {
    let apps = two().await;
    let ann = apps[0].operator(operator("Ann")).await;
    let source = apps[0].source("bot", &[(&ann, 1)]).await;
    let request = CreateContactRequest {
        request_id: request_id(),
        ..contact(&source, external("ann"))
    };
    let answers = flood(&apps, vec![request; 128]).await;
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "everyone gets the first answer"
    );
    assert_eq!(
        apps[0]
            .list_contacts(ListContactsRequest::default())
            .await
            .len(),
        1
    );

    // The same within one batch.
    let request = CreateContactRequest {
        request_id: request_id(),
        ..contact(&source, external("bob"))
    };
    let batch = BatchCreateContactsRequest {
        requests: vec![request; 10],
        ..Default::default()
    };
    let results = apps[0]
        .contacts
        .clone()
        .batch_create_contacts(batch)
        .await
        .unwrap();
    let results = results.into_inner().results;
    assert!(matches!(
        results[0].result,
        Some(batch_create_contacts_result::Result::Response(_))
    ));
    assert!(results.iter().all(|result| *result == results[0]));
    assert_eq!(
        apps[0]
            .list_contacts(ListContactsRequest::default())
            .await
            .len(),
        2
    );
    apps[0].assert_invariants().await;
}
