//! Lists and statistics come from the replica, while it is there. The one here is
//! another, empty database: so it shows who was asked.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::{
    platform::db::Conn,
    proto::{GetOperatorRequest, GetOverviewRequest, ListOperatorsRequest},
};

use super::binary::{Process, channel, free_address};
use crate::support::{App, new_database, operator, until};

/// Mutants: lists that read the primary; single things that are read from the
/// replica; a replica that is asked though nobody knows how far it is; one that is
/// gone, and whose failure is the caller's.
#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_from_a_replica_that_is_there() {
    let (url, replica) = (new_database().await, new_database().await);
    let address = free_address();
    let settings = [("DATABASE_URL", &*url), ("MINICRM_REPLICA_URL", &replica)];
    let process = Process::start(address, &settings).await;
    let app = App::at(channel(address), url.clone());
    let ann = app.operator(operator("Ann")).await;
    let listed = async || {
        let request = ListOperatorsRequest::default();
        let answer = app.operators.clone().list_operators(request).await;
        answer.unwrap().into_inner().operators.len()
    };

    let until_listed = async |count| {
        until("so many are listed", async || listed().await == count).await;
    };
    // It is not asked before it has been looked at.
    until_listed(0).await;
    let mut analytics = app.analytics.clone();
    let overview = analytics.get_overview(GetOverviewRequest {}).await;
    assert_eq!(overview.unwrap().into_inner().operators, 0);
    let request = GetOperatorRequest { id: ann.id.clone() };
    let found = app.operators.clone().get_operator(request).await;
    assert_eq!(found.unwrap().into_inner(), ann);

    // Nobody knows how far it is, though it answers.
    let position = "EXECUTE ON FUNCTION pg_current_wal_lsn()";
    let mut conn = Conn::establish(&replica).await.unwrap();
    let revoke = format!("REVOKE {position} FROM PUBLIC");
    conn.batch_execute(&revoke).await.unwrap();
    until_listed(1).await;
    let grant = format!("GRANT {position} TO PUBLIC");
    conn.batch_execute(&grant).await.unwrap();
    until_listed(0).await;
    drop(conn);

    // It is gone, from one call to the next.
    let (_, name) = replica.rsplit_once('/').unwrap();
    app.execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await;
    assert_eq!(listed().await, 1);
    assert!(process.terminate().await.success());
}
