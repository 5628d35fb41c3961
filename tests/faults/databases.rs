//! Databases that are killed, restarted or stuck, and sessions that are ended.

use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types::Integer};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use minicrm::proto::ListLeadsRequest;
use tokio::time::interval;
use tonic::Code;

use crate::{
    TRAFFIC,
    binary::{Process, free_address, signal},
    load::{Load, connection, said_by_server},
    postgres::Durable,
    prepare, rounds,
    support::{App, call, new_database, within},
};

/// What the service may say while it has no database.
const GONE: [Code; 4] = [
    Code::Unavailable,
    Code::DeadlineExceeded,
    Code::ResourceExhausted,
    Code::Aborted,
];

/// Lets Postgres fail so often under load.
pub async fn failures(name: &str, times: usize, fail: impl AsyncFn(&mut Durable)) {
    let mut postgres = Durable::start(name, &[]).await;
    let url = postgres.url();
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let app = App::at(connection(address), url);
    let load = Load::start(&[address], &prepare(&app).await);
    for _ in 0..times {
        load.more(TRAFFIC).await;
        fail(&mut postgres).await;
    }
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    history.assert_said(&GONE);
    history.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}

/// Kills Postgres so often under load.
pub async fn kills(times: usize) {
    let fail = async |postgres: &mut Durable| {
        postgres.kill().await;
        postgres.up().await;
    };
    failures("killed", times, fail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed() {
    kills(rounds()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_restarted() {
    let fail = async |postgres: &mut Durable| {
        postgres.down().await;
        postgres.up().await;
    };
    failures("restarted", rounds(), fail).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_are_ended_again_and_again() {
    let app = App::start().await;
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &app.database_url)]).await;
    let load = Load::start(&[address], &prepare(&app).await);
    let mut conn = app.database().await;
    let mut often = interval(Duration::from_millis(200));
    load.more(TRAFFIC).await;
    for _ in 0..5 * rounds() {
        often.tick().await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        conn.batch_execute(end).await.unwrap();
    }
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    history.assert_said(&GONE);
    history.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}

#[derive(QueryableByName)]
struct Session {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// A stopped session hears of no timeout. Mutant: a deadline that only Postgres knows.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_stopped_and_calls_end_all_the_same() {
    let url = new_database().await;
    let address = free_address();
    let settings = [
        ("DATABASE_URL", &*url),
        ("MINICRM_DEFAULT_TIMEOUT_SECONDS", "1"),
    ];
    let process = Process::start(address, &settings).await;
    let app = App::at(connection(address), url.clone());
    let mut conn = app.database().await;
    let load = Load::start(&[address], &prepare(&app).await);
    for _ in 0..rounds() {
        load.more(TRAFFIC).await;
        let sessions = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                        AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        let sessions: Vec<Session> = sql_query(sessions).get_results(&mut conn).await.unwrap();
        let send = |name| {
            for session in &sessions {
                signal(name, session.pid.try_into().unwrap());
            }
        };
        send("-STOP");
        let request = ListLeadsRequest::default();
        let listed = async { call!(app.leads.list_leads(request)) };
        let outcome = within("an answer", listed).await;
        send("-CONT");
        // Whoever has a session that was not there yet may get an answer.
        if let Err(status) = outcome {
            assert!(said_by_server(&status), "{status:?}");
        }
    }
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    history.assert_said(&GONE);
    history.assert_kept(&app).await;
    assert!(process.terminate().await.success());
}
