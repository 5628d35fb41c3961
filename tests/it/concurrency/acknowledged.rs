//! What is acknowledged holds from then on: nothing that was decided under what
//! was before commits after it.

use minicrm::proto::{
    BatchCreateContactsRequest, DeleteSourceRequest, ListContactsRequest, Source,
};
use tokio::task::JoinSet;

use super::two;
use crate::support::{App, call, contact, external, operator, until};

async fn count(app: &App, source: &Source, operator_id: &str) -> usize {
    let request = ListContactsRequest {
        page_size: 1000,
        source_id: source.id.clone(),
        operator_id: operator_id.to_owned(),
        ..Default::default()
    };
    app.list_contacts(request).await.len()
}

/// Mutant: a `write_all` that does not look at the sources again.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_deleted_or_switched_off_takes_nothing_in() {
    let apps = two().await;
    let ann = apps[0].operator(operator("Ann")).await;
    for round in 0..16 {
        let source = apps[0].source(&format!("bot-{round}"), &[(&ann, 1)]).await;
        let mut clients = JoinSet::new();
        for client in 0..4 {
            let (app, source) = (apps[client % 2].clone(), source.clone());
            clients.spawn(async move {
                let requests =
                    (0..100).map(|n| contact(&source, external(format!("{round}-{client}-{n}"))));
                let requests = requests.collect();
                let batch = BatchCreateContactsRequest {
                    requests,
                    ..Default::default()
                };
                call!(app.contacts.batch_create_contacts(batch)).unwrap();
            });
        }
        until("the first are in", async || {
            count(&apps[0], &source, "").await > 0
        })
        .await;
        if round % 2 == 0 {
            let request = DeleteSourceRequest {
                id: source.id.clone(),
                ..Default::default()
            };
            let app = &apps[0];
            call!(app.sources.delete_source(request)).unwrap();
        } else {
            let off = Source {
                active: Some(false),
                etag: String::new(),
                ..source.clone()
            };
            apps[0].update_source(&off, &["active"]).await.unwrap();
        }
        let acknowledged = count(&apps[0], &source, "").await;
        clients.join_all().await;
        assert_eq!(
            count(&apps[0], &source, "").await,
            acknowledged,
            "round {round}"
        );
    }
    apps[0].assert_invariants().await;
}

/// Mutant: a `sources::weights::lock` without the operators.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_was_paused_is_given_nothing() {
    let apps = two().await;
    for round in 0..16 {
        let ann = apps[0].operator(operator("Ann")).await;
        let bob = apps[0].operator(operator("Bob")).await;
        let source = apps[0]
            .source(&format!("bot-{round}"), &[(&ann, 1), (&bob, 1)])
            .await;
        let mut clients = JoinSet::new();
        for client in 0..16 {
            let (app, source) = (apps[client % 2].clone(), source.clone());
            clients.spawn(async move {
                for _ in 0..10 {
                    app.contact(&source).await;
                }
            });
        }
        until("Ann has one", async || {
            count(&apps[0], &source, &ann.id).await > 0
        })
        .await;
        match round % 3 {
            0 => drop(apps[0].set_weight(&source, &ann, 0).await.unwrap()),
            1 => apps[0].deactivate(&ann).await,
            _ => drop(apps[0].delete_operator(&ann).await),
        }
        let acknowledged = count(&apps[0], &source, &ann.id).await;
        clients.join_all().await;
        assert_eq!(
            count(&apps[0], &source, &ann.id).await,
            acknowledged,
            "round {round}"
        );
    }
    apps[0].assert_invariants().await;
}
