//! What holds under any concurrency, through one server and through two on one
//! database. Each test names the mutant it was seen to catch.

use std::collections::{HashMap, HashSet};

use minicrm::proto::{
    BacklogReason, BatchCreateContactsRequest, Contact, ContactStatus, CreateContactRequest,
    CreateContactResponse, DeleteOperatorRequest, GetDistributionRequest, GetOperatorRequest,
    ListContactsRequest, Operator, ReassignContactRequest, SetContactStatusRequest,
    SetOperatorWeightRequest, Source, UpdateOperatorRequest, batch_create_contacts_result,
};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::support::{App, contact, external, operator, request_id};

const CLIENTS: usize = 64;

/// Two servers on one database.
async fn two() -> Vec<App> {
    let first = App::start().await;
    let second = App::on(first.database_url.clone()).await;
    vec![first, second]
}

/// Sends requests from 64 clients at once, in turn through all servers.
async fn flood(
    apps: &[App],
    requests: impl IntoIterator<Item = CreateContactRequest>,
) -> Vec<CreateContactResponse> {
    let mut shares: Vec<Vec<_>> = vec![Vec::new(); CLIENTS];
    for (index, request) in requests.into_iter().enumerate() {
        shares[index % CLIENTS].push(request);
    }
    let mut clients = JoinSet::new();
    for (index, share) in shares.into_iter().enumerate() {
        let app = apps[index % apps.len()].clone();
        clients.spawn(async move {
            let mut answers = Vec::with_capacity(share.len());
            for request in share {
                answers.push(app.create_contact(request).await.unwrap());
            }
            answers
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

async fn flood_of_new_leads(apps: &[App], source: &Source, count: usize) -> Vec<Contact> {
    let requests: Vec<_> = (0..count).map(|n| contact(source, external(n))).collect();
    flood(apps, requests)
        .await
        .into_iter()
        .map(|answer| answer.contact.unwrap())
        .collect()
}

fn by_operator(contacts: &[Contact]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for id in contacts
        .iter()
        .filter_map(|contact| contact.operator_id.clone())
    {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

async fn limits_hold(apps: Vec<App>, limited: Operator) {
    let app = &apps[0];
    let ann = app
        .operator(Operator {
            name: "Ann".into(),
            ..limited.clone()
        })
        .await;
    let bob = app
        .operator(Operator {
            name: "Bob".into(),
            ..limited.clone()
        })
        .await;
    let cem = app
        .operator(Operator {
            name: "Cem".into(),
            ..limited
        })
        .await;
    let source = app
        .source("bot", &[(&ann, 10), (&bob, 20), (&cem, 30)])
        .await;

    let contacts = flood_of_new_leads(&apps, &source, 1000).await;
    let full = HashMap::from([(ann.id, 5), (bob.id, 5), (cem.id, 5)]);
    assert_eq!(by_operator(&contacts), full);
    for waiting in contacts
        .iter()
        .filter(|contact| contact.operator_id.is_none())
    {
        assert_eq!(waiting.backlog_reason(), BacklogReason::AllAtLimit);
    }
    app.assert_invariants().await;
}

/// Mutant: `FOR NO KEY UPDATE` left out of `distribution::store::lock_operators`.
#[tokio::test(flavor = "multi_thread")]
async fn load_limits_hold_and_freed_load_is_used_again() {
    let apps = two().await;
    let app = &apps[0];
    limits_hold(
        apps.clone(),
        Operator {
            load_limit: Some(5),
            ..Operator::default()
        },
    )
    .await;

    // Close five; five of the backlog find an operator, the sixth does not.
    let assigned = list(
        app,
        ListContactsRequest {
            unassigned: false,
            ..Default::default()
        },
    )
    .await;
    let assigned: Vec<_> = assigned
        .into_iter()
        .filter(|c| c.operator_id.is_some())
        .collect();
    for contact in &assigned[..5] {
        set_status(app, &contact.id, ContactStatus::Closed, false)
            .await
            .unwrap();
    }
    let waiting = list(
        app,
        ListContactsRequest {
            unassigned: true,
            ..Default::default()
        },
    )
    .await;
    let mut clients = JoinSet::new();
    for (index, contact) in waiting.into_iter().take(CLIENTS).enumerate() {
        let app = apps[index % 2].clone();
        clients.spawn(async move { reassign(&app, &contact.id, None, false).await.unwrap() });
    }
    let moved = clients.join_all().await;
    assert_eq!(
        moved
            .iter()
            .filter(|contact| contact.operator_id.is_some())
            .count(),
        5
    );
    app.assert_invariants().await;
}

/// Mutant: as above.
#[tokio::test(flavor = "multi_thread")]
async fn window_limits_hold_and_closing_does_not_free_them() {
    let app = App::start().await;
    let limited = Operator {
        window_limit: Some(5),
        ..Operator::default()
    };
    limits_hold(
        vec![app.clone(), App::on(app.database_url.clone()).await],
        limited,
    )
    .await;

    let contacts = list(
        &app,
        ListContactsRequest {
            page_size: 1000,
            ..Default::default()
        },
    )
    .await;
    let (assigned, waiting): (Vec<_>, Vec<_>) = contacts
        .into_iter()
        .partition(|contact| contact.operator_id.is_some());
    for contact in &assigned {
        set_status(&app, &contact.id, ContactStatus::Closed, false)
            .await
            .unwrap();
    }
    let contact = reassign(&app, &waiting[0].id, None, false).await.unwrap();
    assert_eq!(contact.operator_id, None);

    // A day later there is room again.
    app.execute("UPDATE assignments SET create_time = create_time - interval '1 day'")
        .await;
    let contact = reassign(&app, &waiting[0].id, None, false).await.unwrap();
    assert!(contact.operator_id.is_some());
    app.assert_invariants().await;
}

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
        list(&apps[0], ListContactsRequest::default()).await.len(),
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
        list(&apps[0], ListContactsRequest::default()).await.len(),
        2
    );
    apps[0].assert_invariants().await;
}

/// The critical value of chi-square with 2 degrees of freedom at p = 0.001 is
/// 13.8. Mutant: a pick that ignores the weights.
#[tokio::test(flavor = "multi_thread")]
async fn shares_follow_the_weights() {
    const BATCHES: usize = 60;
    const BATCH: usize = 1000;
    let app = App::start().await;
    let operators = [
        app.operator(operator("Ann")).await,
        app.operator(operator("Bob")).await,
        app.operator(operator("Cem")).await,
    ];
    let weights: Vec<_> = operators.iter().zip([10, 20, 30]).collect();
    let source = app.source("bot", &weights).await;
    let mut clients = JoinSet::new();
    for batch in 0..BATCHES {
        let requests: Vec<_> = (0..BATCH)
            .map(|n| contact(&source, external(batch * BATCH + n)))
            .collect();
        let mut client = app.contacts.clone();
        clients.spawn(async move {
            let batch = BatchCreateContactsRequest {
                requests,
                ..Default::default()
            };
            client.batch_create_contacts(batch).await.unwrap();
        });
        if clients.len() >= 4 {
            clients.join_next().await.unwrap().unwrap();
        }
    }
    clients.join_all().await;
    let request = GetDistributionRequest::default();
    let distribution = app
        .analytics
        .clone()
        .get_distribution(request)
        .await
        .unwrap();
    let rows = distribution.into_inner().rows;
    assert_eq!(rows.iter().map(|row| row.contacts).sum::<i64>(), 60_000);
    let chi_square: f64 = weights
        .iter()
        .map(|(operator, weight)| {
            let row = rows
                .iter()
                .find(|row| row.operator_id == operator.id)
                .unwrap();
            let expected = 60_000.0 * f64::from(*weight) / 60.0;
            assert!((row.expected - expected).abs() < 1e-6);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let difference = row.contacts as f64 - expected;
            difference * difference / expected
        })
        .sum();
    assert!(chi_square < 13.8, "chi-square {chi_square}");
    app.assert_invariants().await;
}

/// Everything that moves load, at once, on few rows: nothing deadlocks for
/// good, and the counters are right. Mutants: `add_loads` on every close, also
/// of a closed contact; a `release_all` that does not compare what it released
/// with the load.
#[tokio::test(flavor = "multi_thread")]
async fn loads_stay_right_whatever_happens_at_once() {
    let apps = two().await;
    let app = &apps[0];
    let mut operators = Vec::new();
    for n in 0..4 {
        let limited = Operator {
            load_limit: Some(40),
            ..operator(&format!("Operator {n}"))
        };
        operators.push(app.operator(limited).await);
    }
    let weights: Vec<_> = operators.iter().map(|operator| (operator, 1)).collect();
    let source = app.source("bot", &weights).await;
    let contacts = flood_of_new_leads(&apps, &source, 100).await;

    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let (app, source) = (apps[n % 2].clone(), source.clone());
        let contacts = contacts.clone();
        let operators = operators.clone();
        clients.spawn(async move {
            for step in 0..40 {
                let contact_id = &contacts[(n * 7 + step * 13) % contacts.len()].id;
                let named = operators[(n + step) % 4].id.clone();
                let outcome = match (n + step) % 6 {
                    0 => set_status(&app, contact_id, ContactStatus::Closed, false).await,
                    1 => set_status(&app, contact_id, ContactStatus::New, step % 2 == 0).await,
                    2 => reassign(&app, contact_id, None, false).await,
                    3 => reassign(&app, contact_id, Some(named), false).await,
                    4 => set_status(&app, contact_id, ContactStatus::InProgress, false).await,
                    _ => Ok(app.contact(&source).await),
                };
                if let Err(status) = outcome {
                    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
                }
            }
        });
    }
    // Meanwhile others come, get most of the contacts, are switched off and on,
    // and go again.
    while clients.try_join_next().is_none() && clients.len() == CLIENTS {
        let passing = app.operator(operator("Passing")).await;
        let weight = SetOperatorWeightRequest {
            source_id: source.id.clone(),
            operator_id: passing.id.clone(),
            weight: 1000,
            request_id: String::new(),
        };
        app.sources
            .clone()
            .set_operator_weight(weight)
            .await
            .unwrap();
        // Until it holds some that others are at work on.
        let mut busy = false;
        while !busy && clients.len() == CLIENTS {
            let request = GetOperatorRequest {
                id: passing.id.clone(),
            };
            let found = app.operators.clone().get_operator(request).await.unwrap();
            busy = found.into_inner().load > 20;
        }
        for active in [false, true] {
            let id = passing.id.clone();
            let operator = Operator {
                id,
                active: Some(active),
                ..Default::default()
            };
            let request = UpdateOperatorRequest {
                operator: Some(operator),
                ..Default::default()
            };
            app.operators
                .clone()
                .update_operator(request)
                .await
                .unwrap();
        }
        let request = DeleteOperatorRequest {
            id: passing.id,
            ..Default::default()
        };
        let deleted = app
            .operators
            .clone()
            .delete_operator(request)
            .await
            .unwrap();
        assert_eq!(deleted.into_inner().load, 0);
    }
    clients.join_all().await;
    app.assert_invariants().await;
}

async fn list(app: &App, request: ListContactsRequest) -> Vec<Contact> {
    let request = ListContactsRequest {
        page_size: 1000,
        ..request
    };
    app.contacts
        .clone()
        .list_contacts(request)
        .await
        .unwrap()
        .into_inner()
        .contacts
}

async fn set_status(
    app: &App,
    id: &str,
    status: ContactStatus,
    force: bool,
) -> Result<Contact, Status> {
    let request = SetContactStatusRequest {
        id: id.to_owned(),
        status: status.into(),
        force,
        request_id: String::new(),
    };
    Ok(app
        .contacts
        .clone()
        .set_contact_status(request)
        .await?
        .into_inner())
}

async fn reassign(
    app: &App,
    id: &str,
    operator_id: Option<String>,
    force: bool,
) -> Result<Contact, Status> {
    let request = ReassignContactRequest {
        id: id.to_owned(),
        operator_id,
        force,
        request_id: String::new(),
    };
    Ok(app
        .contacts
        .clone()
        .reassign_contact(request)
        .await?
        .into_inner())
}
