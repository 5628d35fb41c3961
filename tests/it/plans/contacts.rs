//! Sums of contacts read what was counted: days, and hours where days are cut.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    proto::{GetDistributionRequest, GetOverviewRequest},
};
use prost_types::Timestamp;

use super::{assert_read, number, rows_read, start};
use crate::support::{App, call, until};

const SOURCES: u64 = 10;
const DAYS: u64 = 40;
/// The first second of them.
const START: i64 = 1_772_323_200;

/// Sums up all, and a month between cut hours: of all sources, and of one.
async fn sum(app: &App, source_id: &str) {
    let time = |seconds| Timestamp {
        seconds: START + seconds,
        nanos: 1000,
    };
    call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    for source_id in ["", source_id] {
        let month = (Some(time(7_777)), Some(time(30 * 86_400 + 7_777)));
        for (start_time, end_time) in [(None, None), month] {
            let request = GetDistributionRequest {
                source_id: source_id.to_owned(),
                start_time,
                end_time,
                ..Default::default()
            };
            call!(app.analytics.get_distribution(request)).unwrap();
        }
    }
}

/// Mutants: hours without days; the rollups of all buckets read.
#[tokio::test(flavor = "multi_thread")]
async fn sums_of_contacts_read_what_was_counted() {
    let app = start().await;
    let mut sources = Vec::new();
    for n in 0..SOURCES {
        sources.push(app.source(&format!("source-{n}"), &[]).await);
    }
    for _ in 0..6 {
        sum(&app, &sources[0].id).await;
    }
    let mut conn = app.database().await;
    let lead = "00000000-0000-0000-0000-00000000000a";
    conn.batch_execute(&format!(
        "INSERT INTO leads (organization_id, id) VALUES ('{ORGANIZATION}', '{lead}');
         INSERT INTO contacts (organization_id, id, lead_id, source_id, backlog_reason, create_time)
         SELECT '{ORGANIZATION}', gen_random_uuid(), '{lead}', s.id, 'NO_OPERATORS',
             to_timestamp({START}) + h * interval '1 hour'
         FROM sources AS s, generate_series(0, {DAYS} * 24 - 1) AS h"
    ))
    .await
    .unwrap();
    let connections = "SELECT count(*) AS number FROM pg_stat_activity
                       WHERE datname = current_database()";
    let there = number(&mut conn, connections).await;
    app.verify(true).await;
    // What the repair read counts until its connection is gone.
    until("its connection is gone", async || {
        number(&mut conn, connections).await <= there
    })
    .await;
    let before = rows_read(&mut conn).await;
    sum(&app, &sources[0].id).await;
    // The overview, and of all sources and of one: all, 29 days and at most two times
    // 23 hours. The sources themselves are read for each part, the first times included.
    let sources = i64::try_from(SOURCES).unwrap();
    let at_most = sources + (sources + 1) * (1 + 29 + 46) + 7 * 10 * sources;
    assert_read(&app, &mut conn, before, at_most).await;
}
