//! What must be found: a run that finds nothing proves nothing if it could not.

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Bool, Integer},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use minicrm::proto::Operator;

use crate::{
    TRAFFIC,
    binary::{Process, free_address, signal},
    load::{History, Load, connection},
    postgres::Durable,
    prepare,
    support::{App, operator},
};

#[derive(QueryableByName)]
struct Writer {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// What is found after a crash of a Postgres whose log nobody writes in the
/// background, if commits wait for it and if not.
async fn crash(commit: &str) -> Vec<String> {
    let settings = [("synchronous_commit", commit), ("wal_buffers", "64MB")];
    let mut postgres = Durable::start(&format!("commit-{commit}"), &settings).await;
    let url = postgres.url();
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let app = App::at(connection(address), url);
    let load = Load::start(&[address], &prepare(&app).await);
    load.more(TRAFFIC).await;
    let writer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'";
    let mut conn = app.database().await;
    let writer: Writer = sql_query(writer).get_result(&mut conn).await.unwrap();
    assert!(signal("-STOP", writer.pid.try_into().unwrap()));
    load.more(TRAFFIC).await;
    postgres.kill().await;
    postgres.up().await;
    load.more(TRAFFIC).await;
    let history = load.stop().await;
    assert!(history.acknowledged() >= 3 * TRAFFIC);
    let breaches = history.breaches(&app).await;
    assert!(process.terminate().await.success());
    breaches
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_do_not_wait_for_the_log_are_found_to_be_lost() {
    assert_eq!(crash("on").await, [""; 0]);
    let breaches = crash("off").await;
    assert!(breaches.iter().any(|breach| breach.starts_with("lost: ")));
}

#[derive(QueryableByName)]
struct Room {
    #[diesel(sql_type = Bool)]
    has_room: bool,
}

/// Looks whether the operator has room, and then gives them a contact.
const LOOK: &str = "SELECT load < load_limit AS has_room FROM operators";
const GIVE: &str = "BEGIN;
    UPDATE operators SET load = load + 1;
    INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, status, message,
        assign_time, create_time, update_time, pool_id, revision)
    SELECT organization_id, gen_random_uuid(), lead_id, source_id, operator_id, status, message,
        assign_time, create_time, update_time, pool_id, revision FROM contacts LIMIT 1;
    COMMIT";

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_are_only_looked_at_are_found_to_be_exceeded() {
    let app = App::start().await;
    let limited = Operator {
        load_limit: Some(2),
        ..operator("Ann")
    };
    let ann = app.operator(limited).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    app.contact(&source).await;
    let over = async || {
        let breaches = History::default().breaches(&app).await;
        breaches
            .iter()
            .any(|breach| breach.starts_with("over the limit: "))
    };
    assert!(!over().await);
    let mut clients = [app.database().await, app.database().await];
    for client in &mut clients {
        let room: Room = sql_query(LOOK).get_result(client).await.unwrap();
        assert!(room.has_room);
    }
    for client in &mut clients {
        client.batch_execute(GIVE).await.unwrap();
    }
    assert!(over().await);
}
