//! The binary as a process: starting, stopping, and being killed under load.
//! What was acknowledged is never lost, what was retried is never done twice.

mod authentication;
mod binary;
mod data_dir;
mod end;
mod folding;
mod indexing;
mod load;
mod memory;
mod migrate;
mod postgres_tls;
mod probes;
mod replica;
mod settings;
mod users;
mod verify;

use minicrm::proto::{GetContactRequest, Operator};

use binary::signal;
pub use binary::{DataDir, Process, SecretFile, channel, command, free_address};
use load::Load;

use crate::support::{App, contact, external, new_database, operator, until};

/// Mutant: an answer given before the commit.
#[tokio::test(flavor = "multi_thread")]
async fn killing_the_service_loses_and_doubles_nothing() {
    let url = new_database().await;
    let app = App::on(url.clone()).await;
    let ann = app
        .operator(Operator {
            load_limit: Some(700),
            ..operator("Ann")
        })
        .await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 2), (&bob, 1)]).await;

    let address = free_address();
    let settings = [("DATABASE_URL", url.as_str())];
    let mut process = Process::start(address, &settings).await;
    let load = Load::start(address, &contact(&source, external("")));
    for acknowledged in [200, 600, 1000] {
        load.until_acknowledged(acknowledged).await;
        process.kill().await;
        process = Process::start(address, &settings).await;
    }
    load.verify(&app).await;
    assert!(process.terminate().await.success());
}

/// The private Postgres is started again by the service. Mutant: none needed;
/// with `synchronous_commit=off` in `embedded::settings` contacts are lost.
#[tokio::test(flavor = "multi_thread")]
async fn killing_postgres_loses_and_doubles_nothing() {
    let data = DataDir::new("kill");
    let address = free_address();
    let settings = [("MINICRM_DATA_DIR", data.0.to_str().unwrap())];
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), data.url());
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;

    let load = Load::start(address, &contact(&source, external("")));
    for acknowledged in [200, 600, 1000] {
        load.until_acknowledged(acknowledged).await;
        // It may be between two lives.
        until("it was killed", async || {
            data.postmaster().is_some_and(|pid| signal("-KILL", pid))
        })
        .await;
    }
    load.verify(&app).await;
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_is_kept_between_runs() {
    let data = DataDir::new("kept");
    let address = free_address();
    let settings = [("MINICRM_DATA_DIR", data.0.to_str().unwrap())];

    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), data.url());
    let source = app.source("bot", &[]).await;
    let kept = app.contact(&source).await;

    // A second one on the same directory is refused, and does no harm.
    let second = command(free_address(), &settings).output().await.unwrap();
    assert!(!second.status.success());

    assert!(process.terminate().await.success());
    let process = Process::start(address, &settings).await;
    let request = GetContactRequest {
        id: kept.id.clone(),
    };
    let found = app
        .contacts
        .clone()
        .get_contact(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(found, kept);

    // After kill -9 too.
    process.kill().await;
    let process = Process::start(address, &settings).await;
    assert_eq!(
        app.contacts
            .clone()
            .get_contact(request)
            .await
            .unwrap()
            .into_inner(),
        kept
    );
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_loopback_is_served_without_authentication() {
    let output = command("0.0.0.0:0".parse().unwrap(), &[])
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
}
