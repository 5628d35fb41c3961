//! How the process waits for its database, lives through panics, and ends.

use std::{fs::File, process::Stdio, time::Duration};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::{platform::db::Conn, proto::ListLeadsRequest};
use tokio::{process::Command, time::timeout};
use tonic::Code;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{
    DataDir, Process,
    binary::{channel, command, free_address},
};
use crate::support::{
    App, assert_error, call, contact, empty_database, external, new_database, operator, until,
};

/// What a health check of the process says.
async fn healthcheck(mut command: Command, service: &str) -> bool {
    command.args(["healthcheck", "--service", service]);
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    output.status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_process_and_another_one_at_once() {
    let url = new_database().await;
    for (signals, code) in [(1, 0), (2, 1)] {
        let (address, health) = (free_address(), free_address().to_string());
        // Without a second signal it would not be over in the time of a test.
        let pause = if signals == 1 { "1" } else { "3600" };
        let settings = [
            ("DATABASE_URL", &*url),
            ("MINICRM_HEALTH_LISTEN", &*health),
            ("MINICRM_SHUTDOWN_PAUSE_SECONDS", pause),
        ];
        let mut process = Process::start(address, &settings).await;
        assert!(healthcheck(command(address, &settings), "liveness").await);
        assert!(!healthcheck(command(address, &settings), "nothing").await);
        let mut client = HealthClient::new(channel(address));
        let request = HealthCheckRequest::default();
        let mut watch = client.watch(request).await.unwrap().into_inner();
        process.signal("-TERM");
        let stopped = |answer: Option<_>| match answer {
            Some(tonic_health::pb::HealthCheckResponse { status }) => {
                status == i32::from(ServingStatus::NotServing)
            }
            None => panic!("it ended before it said so"),
        };
        until("it says so", async || {
            stopped(watch.message().await.unwrap())
        })
        .await;
        // Beside the port that is about to close, it says the same.
        assert!(!healthcheck(command(address, &settings), "").await);
        assert!(healthcheck(command(address, &settings), "liveness").await);
        let mut ended = None;
        until("it has ended", async || {
            if signals > 1 {
                // Those of the first second are one with the first.
                process.try_signal("-TERM");
            }
            ended = timeout(Duration::from_millis(50), process.end()).await.ok();
            ended.is_some()
        })
        .await;
        assert_eq!(ended.unwrap().code(), Some(code));
    }
}

/// Ctrl-C goes to the whole group of a terminal, and who started the service hands it on.
/// Mutant: a second signal that always ends the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_comes_twice_at_once_is_one() {
    let url = new_database().await;
    let settings = [
        ("MINICRM_DATABASE_URL", &*url),
        ("MINICRM_SHUTDOWN_PAUSE_SECONDS", "1"),
    ];
    let mut process = Process::start(free_address(), &settings).await;
    process.signals(&["-INT", "-TERM", "-INT"]);
    assert_eq!(process.end().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_waited_for() {
    let (server, _) = empty_database().await.rsplit_once('/').map(owned).unwrap();
    let name = format!("late_{}", std::process::id());
    let url = format!("{server}/{name}");
    let address = free_address();
    let settings = [("DATABASE_URL", &*url)];
    let dir = DataDir::new("late");
    let log = dir.0.join("service.log");
    let mut process = Process::spawn(address, &settings, File::create(&log).unwrap());
    until("it lives", async || {
        healthcheck(command(address, &settings), "liveness").await
    })
    .await;
    assert!(!healthcheck(command(address, &settings), "").await);
    let app = App::at(channel(address), url.clone());
    let outcome = call!(app.leads.list_leads(ListLeadsRequest::default()));
    assert_error(outcome, Code::Unavailable, "DATABASE_UNAVAILABLE");
    until("the log says so", async || {
        std::fs::read_to_string(&log).unwrap().contains(&name)
    })
    .await;

    let mut elsewhere = Conn::establish(&format!("{server}/postgres"))
        .await
        .unwrap();
    let create = format!("CREATE DATABASE {name} TEMPLATE template0");
    elsewhere.batch_execute(&create).await.unwrap();
    process.until_serving(&settings).await;
    call!(app.leads.list_leads(ListLeadsRequest::default())).unwrap();
    assert!(process.terminate().await.success());
}

fn owned((server, name): (&str, &str)) -> (String, String) {
    (server.to_owned(), name.to_owned())
}

/// It does not say what panicked, and so what a request held.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_what_the_caller_is_told_of_a_panic() {
    let url = new_database().await;
    let address = free_address();
    let dir = DataDir::new("panic");
    let log = dir.0.join("service.log");
    let settings = [("DATABASE_URL", &*url)];
    let file = File::create(&log).unwrap();
    let process = Process::start_with_log(address, &settings, file).await;
    let app = App::at(channel(address), url.clone());
    let one = app.operator(operator("One")).await;
    let source = app.source("panic", &[(&one, 1)]).await;
    // One more overflows.
    let full = format!("UPDATE operators SET load = {}", i32::MAX);
    app.execute(&full).await;
    let outcome = app.create_contact(contact(&source, external("one"))).await;
    let details = assert_error(outcome, Code::Internal, "INTERNAL");
    let incident = &details.error_info().unwrap().metadata["incident"];

    app.execute("UPDATE operators SET load = 0").await;
    app.contact(&source).await;
    assert!(process.terminate().await.success());
    let text = std::fs::read_to_string(&log).unwrap();
    for logged in [incident.as_str(), "src/dispatch"] {
        assert!(text.contains(logged), "{logged}: {text}");
    }
    assert!(!text.contains("overflow"), "{text}");
}
