//! One lead per identifier, one contact per request id.

use std::collections::{BTreeSet, HashSet};

use minicrm::proto::{
    ApiKeyAccess, BatchCreateContactsRequest, CreateContactRequest, ListContactsRequest,
    batch_create_contacts_result,
};
use tokio::task::JoinSet;

use super::{CLIENTS, flood, two};
use crate::support::{App, contact, external, operator, request_id};

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

/// All use the same ids at the same time, through two servers. Mutants: `of_caller` that
/// leaves the caller out, and `Rows::became` that takes the first row, whosever it is (one
/// contact for all); the `Slot` of a key that is always its own (the version before would
/// do it again).
#[tokio::test(flavor = "multi_thread")]
async fn one_request_id_makes_one_contact_for_each_caller() {
    const CALLERS: usize = 4;
    const IDS: usize = 8;
    let first = App::secure().await;
    let second = App::secure_on(first.database_url.clone(), &[crate::support::KEY]).await;
    let ann = first.user("ann@example.com").await;
    let acme = first.organization(&ann).await;
    let anns = first.of(&ann, &acme);
    let source = anns.source("bot", &[]).await;
    let mut callers = vec![[anns.clone(), second.of(&ann, &acme)]];
    for _ in 1..CALLERS {
        let secret = anns.key(ApiKeyAccess::Manager).await.secret;
        callers.push([first.with(&secret, ""), second.with(&secret, "")]);
    }
    let ids: Vec<_> = (0..IDS).map(|_| request_id()).collect();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let caller = client % CALLERS;
        let app = callers[caller][client / CALLERS % 2].clone();
        let requests: Vec<_> = ids
            .iter()
            .map(|id| CreateContactRequest {
                request_id: id.clone(),
                ..contact(&source, external("ann"))
            })
            .collect();
        clients.spawn(async move {
            let mut answers = Vec::new();
            for request in requests {
                let answer = app.create_contact(request).await.unwrap();
                answers.push((caller, answer.contact.unwrap().id));
            }
            answers
        });
    }
    let answers: BTreeSet<_> = clients.join_all().await.into_iter().flatten().collect();
    let contacts: HashSet<_> = answers.iter().map(|(_, id)| id).collect();
    assert_eq!(
        (answers.len(), contacts.len()),
        (CALLERS * IDS, CALLERS * IDS)
    );
    let all = anns.list_contacts(ListContactsRequest::default()).await;
    assert_eq!(all.len(), CALLERS * IDS);
    for id in &ids {
        let query = format!("SELECT FROM requests WHERE request_id = '{id}'");
        assert_eq!(
            anns.count(&query).await,
            1,
            "where the version before looks"
        );
    }
    anns.assert_invariants().await;
}
