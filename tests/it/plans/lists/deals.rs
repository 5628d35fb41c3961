//! Lists of deals.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    platform::db::Conn,
    proto::{DealStatus, ListDealsRequest},
};

use super::{PAGE, ROWS, WARM, assert_read, id, list, sql_id};
use crate::{
    plans::{rows_read, start},
    support::call,
};

/// By owner, or none, by currency and status.
fn deal_lists() -> Vec<ListDealsRequest> {
    let mut lists = Vec::new();
    for (owner_user_id, without_owner) in [
        (String::new(), false),
        (id(3), false),
        (String::new(), true),
    ] {
        for statuses in [vec![], vec![DealStatus::New.into()]] {
            lists.push(ListDealsRequest {
                owner_user_id: owner_user_id.clone(),
                without_owner,
                statuses,
                ..Default::default()
            });
        }
    }
    lists.push(ListDealsRequest {
        currency: "KWD".to_owned(),
        ..Default::default()
    });
    lists
}

/// Deals of ten owners, or none, in three currencies, in the middle of as many before and
/// behind of others in another one.
async fn fill_deals(conn: &mut Conn) {
    let (lead, deal, owner) = (sql_id("1"), sql_id("n + 1"), sql_id("n / 10 % 10"));
    let rare = ROWS / 50;
    conn.batch_execute(&format!(
        "INSERT INTO leads (organization_id, id) VALUES ('{ORGANIZATION}', {lead});
         INSERT INTO deals (organization_id, id, lead_id, title, amount, amount_exact, currency,
             status, stage, reached_stage, owner_user_id, create_time, update_time)
         SELECT '{ORGANIZATION}', {deal}, {lead},
             CASE WHEN n % 10 = 0 THEN 'Often' WHEN n / {rare} = 20 THEN 'Rare' ELSE 'Deal' END,
             n, n, CASE WHEN middle THEN (ARRAY['EUR', 'KWD', 'USD'])[1 + n % 3] ELSE 'JPY' END,
             CASE WHEN n % 2 = 0 THEN 'NEW' ELSE 'IN_PROGRESS' END, 'PROPOSAL', 'PROPOSAL',
             CASE WHEN NOT middle THEN {other} WHEN n / 10 % 10 <> 9 THEN {owner} END,
             to_timestamp(1790000000 + n), to_timestamp(1790000000 + n)
         FROM generate_series(0, {ROWS} - 1) AS n, LATERAL (
             SELECT n / {third} = 1 AS middle) AS m",
        third = ROWS / 3,
        other = sql_id("1000"),
    ))
    .await
    .unwrap();
}

/// Mutants: any of the indexes of deals dropped; the currency as a condition; the owner who
/// is not there left out of the order.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_deals_read_their_page() {
    let app = start().await;
    let lists = deal_lists();
    let list = async || {
        list!(app.deals.list_deals, &lists)
            + list!(app.deals.list_deals, &lists, by: "update_time")
            + list!(app.deals.list_deals, &lists, by: "amount")
    };
    for _ in 0..WARM {
        list().await;
    }
    let mut conn = app.database().await;
    fill_deals(&mut conn).await;
    let before = rows_read(&mut conn).await;
    let calls = list().await;
    // A page of each of two statuses is merged.
    assert_read(&app, &mut conn, before, calls * 2 * PAGE).await;
}

/// Mutants: no look-up; no end to a walk.
#[tokio::test(flavor = "multi_thread")]
async fn searches_of_deals_read_little() {
    let search = |text: &str| ListDealsRequest {
        search: text.to_owned(),
        ..Default::default()
    };
    let searches = [
        // All entries of the index and as many deals as are looked up, in vain, and a walk: of
        // each status, then merged.
        ("Often", ROWS / 10 + 1_000 + 2 * 10_000),
        ("Rare", 2 * ROWS / 50 + PAGE),
        ("nobody at all", 1),
        ("zz", 2 * 10_000),
    ];
    let app = start().await;
    for _ in 0..WARM {
        for (text, _) in &searches {
            list!(app.deals.list_deals, [search(text)]);
        }
    }
    let mut conn = app.database().await;
    fill_deals(&mut conn).await;
    let before = rows_read(&mut conn).await;
    let mut at_most = 0;
    for (text, each) in &searches {
        at_most += each * list!(app.deals.list_deals, [search(text)]);
    }
    assert_read(&app, &mut conn, before, at_most).await;
}
