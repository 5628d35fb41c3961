//! What is counted is right, whatever happens at once.

use minicrm::proto::{Contact, ContactStatus, CreateLeadRequest, DeleteLeadRequest, Lead, Source};
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{CLIENTS, flood_of_new_leads, two};
use crate::support::{App, call, operator};

async fn delete_lead(app: &App, id: &str) -> Result<(), Status> {
    let request = DeleteLeadRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    call!(app.leads.delete_lead(request))
}

async fn create_lead(app: &App) -> Result<Lead, Status> {
    let request = CreateLeadRequest {
        lead: Some(Lead {
            name: "Eve".to_owned(),
            ..Lead::default()
        }),
        ..Default::default()
    };
    call!(app.leads.create_lead(request))
}

/// Lets clients do everything that is counted; ends with them.
fn storm(apps: &[App], source: &Source, contacts: &[Contact]) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let app = apps[n % 2].clone();
        let (source, contacts) = (source.clone(), contacts.to_vec());
        clients.spawn(async move {
            for step in 0..40 {
                let contact = &contacts[(n * 7 + step * 13) % contacts.len()];
                let outcome = match (n + step) % 7 {
                    0 => app
                        .set_status(contact, ContactStatus::Closed, false)
                        .await
                        .map(drop),
                    1 => app
                        .set_status(contact, ContactStatus::New, true)
                        .await
                        .map(drop),
                    2 => app
                        .set_status(contact, ContactStatus::InProgress, true)
                        .await
                        .map(drop),
                    3 => app.reassign(contact).await.map(drop),
                    4 => delete_lead(&app, &contact.lead_id).await,
                    5 => create_lead(&app).await.map(drop),
                    _ => {
                        app.contact(&source).await;
                        Ok(())
                    }
                };
                if let Err(status) = outcome {
                    let codes = [Code::FailedPrecondition, Code::NotFound];
                    assert!(codes.contains(&status.code()), "{status:?}");
                }
            }
        });
    }
    clients
}

/// Mutants: a `write` of groups that counts only contacts with another operator, or
/// only those with another status; no `record` in `release_all` or when a lead is
/// deleted; no `add_leads` when one is created or deleted.
#[tokio::test(flavor = "multi_thread")]
async fn counts_stay_right_whatever_happens_at_once() {
    let apps = two().await;
    let app = &apps[0];
    let mut operators = Vec::new();
    for n in 0..4 {
        operators.push(app.operator(operator(&format!("Operator {n}"))).await);
    }
    let weights: Vec<_> = operators.iter().zip([1, 2, 3, 4]).collect();
    let source = app.source("bot", &weights).await;
    let contacts = flood_of_new_leads(&apps, &source, 200).await;
    let clients = storm(&apps, &source, &contacts);
    // Meanwhile, one after the other goes.
    for operator in &operators[1..] {
        app.delete_operator(operator).await;
    }
    clients.join_all().await;
    app.assert_invariants().await;
}

/// Mutants: a repair that does not lock the organization; one that leaves loads
/// out.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_adds_what_was_missing_whatever_happens_meanwhile() {
    let apps = two().await;
    let app = &apps[0];
    let [ann, bob] = ["Ann", "Bob"].map(|name| app.operator(operator(name)));
    let (ann, bob) = (ann.await, bob.await);
    let source = app.source("bot", &[(&ann, 1), (&bob, 2)]).await;
    let contacts = flood_of_new_leads(&apps, &source, 200).await;
    app.fold().await;
    app.execute(
        "UPDATE operators SET load = load + 7;
         DELETE FROM contact_cells WHERE span = 'ALL';
         UPDATE contact_cells SET closed_contacts = 9, expected_nanos = expected_nanos + 1;
         UPDATE lead_counts SET leads = leads - slot",
    )
    .await;
    let mut clients = storm(&apps, &source, &contacts);
    for _ in 0..3 {
        let app = app.clone();
        clients.spawn(async move {
            app.verify(true).await;
            app.fold().await;
        });
    }
    clients.join_all().await;
    app.assert_invariants().await;
}
