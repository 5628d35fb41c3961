//! Sums of deals read what was counted, and rows only of hours that are cut.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    proto::{GetDealFunnelRequest, GetDealSummaryRequest},
};
use prost_types::Timestamp;

use super::{assert_read, number, rows_read, start};
use crate::support::{App, call, until};

const OWNERS: u64 = 10;
const DAYS: u64 = 40;
/// Deals of each owner in each hour.
const DEALS: u64 = 4;
/// The first second of them.
const START: i64 = 1_772_323_200;
const OWNER: &str = "00000000-0000-0000-0000-000000000001";

fn time(seconds: i64) -> Timestamp {
    Timestamp {
        seconds: START + seconds,
        nanos: 1000,
    }
}

/// Sums up deals of all and of one, of all times and of ten days between cut hours.
async fn sum(app: &App) {
    for owner in ["", OWNER] {
        let ten_days = (Some(time(7_777)), Some(time(871_777)));
        for (start_time, end_time) in [(None, None), ten_days] {
            let request = GetDealSummaryRequest {
                owner_user_id: owner.to_owned(),
                start_time,
                end_time,
                new_days: None,
            };
            call!(app.analytics.get_deal_summary(request)).unwrap();
            let request = GetDealFunnelRequest {
                owner_user_id: owner.to_owned(),
                start_time,
                end_time,
            };
            call!(app.analytics.get_deal_funnel(request)).unwrap();
        }
    }
}

/// Mutants: no OFFSET 0 around what is read of the counts, no ORDER BY around what is
/// of the deals; hours without days; the rollups of all owners read for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn sums_of_deals_read_what_was_counted() {
    let app = start().await;
    for _ in 0..6 {
        sum(&app).await;
    }
    let mut conn = app.database().await;
    let lead = "00000000-0000-0000-0000-00000000000a";
    conn.batch_execute(&format!(
        "INSERT INTO leads (organization_id, id) VALUES ('{ORGANIZATION}', '{lead}');
         INSERT INTO deals (organization_id, id, lead_id, owner_user_id, title, amount, currency,
             status, stage, reached_stage, create_time)
         SELECT '{ORGANIZATION}', gen_random_uuid(), '{lead}', lpad(to_hex(o), 32, '0')::uuid,
             'Deal', n, 'EUR', 'NEW', 'PROPOSAL', 'PROPOSAL',
             to_timestamp({START}) + h * interval '1 hour' + n * interval '7 minutes'
         FROM generate_series(1, {OWNERS}) AS o, generate_series(0, {DAYS} * 24 - 1) AS h,
              generate_series(1, {DEALS}) AS n"
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
    sum(&app).await;
    // Each of four reads at most ten days and two times 23 hours, and the deals of
    // two hours: of all owners, or of one.
    let deals = i64::try_from(2 * 2 * (OWNERS + 1) * DEALS).unwrap();
    let at_most = 4 * (10 + 46) + deals;
    assert_read(&app, &mut conn, before, at_most).await;
}
