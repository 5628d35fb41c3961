//! The binary as a process: starting, stopping, and being killed under load.
//! What was acknowledged is never lost, what was retried is never done twice.

mod authentication;
mod binary;
mod indexing;
mod load;
mod replica;
mod verify;

use std::time::Duration;

use minicrm::proto::{
    CreateContactRequest, CreateLeadRequest, GetContactRequest, Lead, LeadIdentity,
    LookupLeadRequest, Operator, lookup_lead_request,
};
use tokio::time::sleep;

use binary::{DataDir, Process, channel, command, free_address, signal};
use load::Load;

use crate::support::{App, contact, external, new_database, operator};

/// What takes this long hangs. No test depends on how long anything takes.
const HANGS: Duration = Duration::from_mins(3);

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
        load.until(acknowledged).await;
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
        load.until(acknowledged).await;
        // It may be between two lives.
        while !data.postmaster().is_some_and(|pid| signal("-KILL", pid)) {
            sleep(Duration::from_millis(5)).await;
        }
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

/// Neither the service's log, at its most talkative, nor that of its Postgres.
/// Mutants: the driver's log let through; `log_error_verbosity` left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn no_log_holds_personal_data() {
    let data = DataDir::new("log");
    let address = free_address();
    let log = data.0.join("service.log");
    let settings = [
        ("MINICRM_DATA_DIR", data.0.to_str().unwrap()),
        ("RUST_LOG", "trace"),
    ];
    let file = std::fs::File::create(&log).unwrap();
    let process = Process::start_with_log(address, &settings, file).await;
    let app = App::at(channel(address), data.url());
    let source = app.source("bot", &[]).await;

    let lead = Lead {
        email: "secret-mail@example.org".to_owned(),
        ..Default::default()
    };
    for _ in 0..2 {
        let request = CreateLeadRequest {
            lead: Some(lead.clone()),
            ..Default::default()
        };
        // The second one is refused by a key, which Postgres would log.
        let _ = app.leads.clone().create_lead(request).await;
    }
    let request = CreateContactRequest {
        message: "secret-message".to_owned(),
        lead: Some(LeadIdentity {
            external_id: "secret-id".to_owned(),
            phone: "+4930123456780".to_owned(),
            email: lead.email,
            name: "secret-name".to_owned(),
        }),
        ..contact(&source, external(""))
    };
    app.create_contact(request).await.unwrap();
    let request = LookupLeadRequest {
        identifier: Some(lookup_lead_request::Identifier::ExternalId(
            "secret-other".to_owned(),
        )),
        ..Default::default()
    };
    app.leads.clone().lookup_lead(request).await.unwrap_err();
    assert!(process.terminate().await.success());

    for file in [log, data.0.join("postgres.log")] {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.is_empty());
        for secret in ["secret-", "4930123456780"] {
            // As text, and as the bytes that some print.
            let bytes: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
            for form in [secret, &bytes.join(", ")] {
                let line = text.lines().find(|line| line.contains(form));
                assert_eq!(line, None, "{}", file.display());
            }
        }
    }
}
