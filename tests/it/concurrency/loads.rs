//! The load counters equal the truth.

use minicrm::proto::{ContactStatus, Operator};
use tokio::task::JoinSet;
use tonic::Code;

use super::{CLIENTS, flood_of_new_leads, two};
use crate::support::operator;

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
        let (contacts, operators) = (contacts.clone(), operators.clone());
        clients.spawn(async move {
            for step in 0..40 {
                let contact = &contacts[(n * 7 + step * 13) % contacts.len()];
                let named = &operators[(n + step) % 4];
                let outcome = match (n + step) % 6 {
                    0 => app.set_status(contact, ContactStatus::Closed, false).await,
                    1 => {
                        app.set_status(contact, ContactStatus::New, step % 2 == 0)
                            .await
                    }
                    2 => app.reassign(contact).await,
                    3 => app.give(contact, named, false).await,
                    4 => {
                        app.set_status(contact, ContactStatus::InProgress, false)
                            .await
                    }
                    _ => Ok(app.contact(&source).await),
                };
                if let Err(status) = outcome {
                    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
                }
            }
        });
    }
    // Meanwhile others come, get most of the contacts, are switched off and on,
    // and go again when they hold some that others are at work on.
    let mut finished = 0;
    while finished == 0 {
        let passing = app.operator(operator("Passing")).await;
        app.set_weight(&source, &passing, 1000).await.unwrap();
        while finished == 0 && app.get_operator(&passing).await.load <= 20 {
            while let Some(client) = clients.try_join_next() {
                client.unwrap();
                finished += 1;
            }
        }
        for active in [false, true] {
            let switched = Operator {
                id: passing.id.clone(),
                active: Some(active),
                ..Default::default()
            };
            app.update_operator(&switched, &["active"]).await.unwrap();
        }
        assert_eq!(app.delete_operator(&passing).await.load, 0);
    }
    clients.join_all().await;
    app.assert_invariants().await;
}
