//! What the process does beside its calls for searches to stay fast.

use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use minicrm::proto::{CreateLeadRequest, Lead};

use super::{Process, channel, free_address};
use crate::support::{App, call, new_database, until};

#[derive(Debug, QueryableByName)]
struct Pending {
    #[diesel(sql_type = BigInt)]
    leads: i64,
}

/// Mutant: nobody does.
#[tokio::test(flavor = "multi_thread")]
async fn new_texts_are_sorted_into_their_index_before_long() {
    let url = new_database().await;
    let address = free_address();
    let process = Process::start(address, &[("DATABASE_URL", &url)]).await;
    let app = App::at(channel(address), url);
    let request = CreateLeadRequest {
        lead: Some(Lead {
            name: "Ann".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    call!(app.leads.create_lead(request)).unwrap();

    let mut conn = app.database().await;
    let extension = "CREATE EXTENSION pgstattuple";
    conn.batch_execute(extension).await.unwrap();
    until("the lead is sorted in", async || {
        let query = "SELECT pending_tuples AS leads FROM pgstatginindex('leads_search_idx')";
        let pending: Pending = sql_query(query).get_result(&mut conn).await.unwrap();
        pending.leads == 0
    })
    .await;
    assert!(process.terminate().await.success());
}
