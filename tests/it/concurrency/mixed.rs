//! Contacts that come in and changes of others are done in one group.

use diesel_async::SimpleAsyncConnection;
use minicrm::proto::{Contact, ContactStatus, CreateContactResponse, Operator, Source};
use tokio::task::JoinHandle;
use tonic::Status;
use uuid::Uuid;

use crate::{
    support::{App, contact, external, operator, until, within},
    telemetry::{measured, page, value},
};

/// What is closed makes room for what waits with it, though it came later. Mutants: new
/// contacts are decided about before the changes; operators of changes are locked, but
/// not those of the sources of new contacts; loads are those of new contacts only.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_makes_room_for_what_comes_in() {
    let (process, app, metrics) = measured(&[]).await;
    let waiting = || value(&page(metrics), r#"minicrm_queue_length{queue="writes"}"#);
    let rounds = async {
        for round in 0.. {
            let (source, full) = source_of_one_who_is_full(&app, round).await;
            let mut other = app.hold_operators().await;

            // It waits for the operator, the others for it.
            let first = spawn_contact(&app, &source);
            app.until_waiting(true).await;
            let second = spawn_contact(&app, &source);
            until("one waits", async || {
                waiting() >= Some(1.0) || first.is_finished()
            })
            .await;
            let closed = {
                let (app, full) = (app.clone(), full.clone());
                tokio::spawn(
                    async move { app.set_status(&full, ContactStatus::Closed, false).await },
                )
            };
            until("two wait", async || {
                waiting() >= Some(2.0) || first.is_finished()
            })
            .await;
            let together = !first.is_finished();
            other.batch_execute("ROLLBACK").await.unwrap();
            let (first, second) = (first.await.unwrap(), second.await.unwrap());
            let closed = closed.await.unwrap();
            // Otherwise it gave up before the others were there.
            if let (true, Ok(first)) = (together, first) {
                assert_eq!(first.contact.unwrap().operator_id, None);
                let second = second.unwrap().contact.unwrap();
                assert_eq!(second.operator_id, full.operator_id);
                assert_eq!(closed.unwrap().operator_id, full.operator_id);
                return;
            }
        }
    };
    within("a round in time", rounds).await;
    app.assert_invariants().await;
    assert!(process.terminate().await.success());
}

/// A source, and the contact of its only operator, who can have no other.
async fn source_of_one_who_is_full(app: &App, round: i32) -> (Source, Contact) {
    let one = Operator {
        load_limit: Some(1),
        ..operator("One")
    };
    let one = app.operator(one).await;
    let source = app.source(&format!("bot-{round}"), &[(&one, 1)]).await;
    let full = app.contact(&source).await;
    assert_eq!(full.operator_id, Some(one.id));
    (source, full)
}

fn spawn_contact(app: &App, source: &Source) -> JoinHandle<Result<CreateContactResponse, Status>> {
    let (app, request) = (app.clone(), contact(source, external(Uuid::now_v7())));
    tokio::spawn(async move { app.create_contact(request).await })
}
