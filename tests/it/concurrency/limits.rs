//! No limit is exceeded, no room is left unused.

use std::collections::HashMap;

use minicrm::proto::{BacklogReason, Contact, Operator};
use tokio::task::JoinSet;

use super::{CLIENTS, flood_of_new_leads, two};
use crate::support::App;

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

/// Floods three operators with room for five each; returns the contacts that
/// found one, and those that did not.
async fn limits_hold(apps: &[App], limited: Operator) -> (Vec<Contact>, Vec<Contact>) {
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

    let contacts = flood_of_new_leads(apps, &source, 1000).await;
    let full = HashMap::from([(ann.id, 5), (bob.id, 5), (cem.id, 5)]);
    assert_eq!(by_operator(&contacts), full);
    app.assert_invariants().await;
    let (assigned, waiting): (Vec<_>, Vec<_>) = contacts
        .into_iter()
        .partition(|contact| contact.operator_id.is_some());
    for contact in &waiting {
        assert_eq!(contact.backlog_reason(), BacklogReason::AllAtLimit);
    }
    (assigned, waiting)
}

/// Mutant: `FOR NO KEY UPDATE` left out of `distribution::store::lock_operators`.
#[tokio::test(flavor = "multi_thread")]
async fn load_limits_hold_and_freed_load_is_used_again() {
    let apps = two().await;
    let limited = Operator {
        load_limit: Some(5),
        ..Operator::default()
    };
    let (assigned, waiting) = limits_hold(&apps, limited).await;

    // Close five: of many that wait and try at once, five find an operator.
    for contact in &assigned[..5] {
        apps[0].close(contact).await;
    }
    let mut clients = JoinSet::new();
    for (index, contact) in waiting.into_iter().take(CLIENTS).enumerate() {
        let app = apps[index % 2].clone();
        clients.spawn(async move { app.reassign(&contact).await.unwrap() });
    }
    let moved = clients.join_all().await;
    assert_eq!(by_operator(&moved).values().sum::<usize>(), 5);
    apps[0].assert_invariants().await;
}

/// Mutants: as above; a `Member::obstacle` without the window.
#[tokio::test(flavor = "multi_thread")]
async fn window_limits_hold_and_closing_does_not_free_them() {
    let apps = two().await;
    let app = &apps[0];
    let limited = Operator {
        window_limit: Some(5),
        ..Operator::default()
    };
    let (assigned, waiting) = limits_hold(&apps, limited).await;
    for contact in &assigned {
        app.close(contact).await;
    }
    assert_eq!(app.reassign(&waiting[0]).await.unwrap().operator_id, None);

    // A day later there is room again.
    app.execute("UPDATE assignments SET create_time = create_time - interval '1 day'")
        .await;
    assert!(
        app.reassign(&waiting[0])
            .await
            .unwrap()
            .operator_id
            .is_some()
    );
    app.assert_invariants().await;
}
