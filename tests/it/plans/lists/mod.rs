//! A list reads its page, whatever it is filtered by and however much there is
//! of what it leaves out: before, behind and between.

mod contacts;
mod deals;
mod leads;
mod tasks;

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    proto::{ListOperatorLoadsRequest, ListOperatorsRequest, ListSourcesRequest},
};
use uuid::Uuid;

use super::{assert_read, rows_read, start};
use crate::support::call;

/// A third of them, in the middle, is what is asked for in the tests.
const ROWS: i64 = 30_000;
/// Rows of a page, and the one that tells whether there are more.
const PAGE: i64 = 51;
/// Calls until a statement keeps its plan.
const WARM: usize = 6;

/// The id of the lead, source, operator or owner with this number.
fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

/// A text that does what [`id`] does, in SQL.
fn sql_id(number: &str) -> String {
    format!("lpad(to_hex(({number})::int), 32, '0')::uuid")
}

/// Lists in both orders; the first page, and one behind it if there is one.
/// Returns how many calls that took.
macro_rules! list {
    ($app:ident.$service:ident.$method:ident, $requests:expr) => {
        list!($app.$service.$method, $requests, by: "create_time")
    };
    ($app:ident.$service:ident.$method:ident, $requests:expr, by: $order:literal) => {{
        let mut calls = 0;
        for request in $requests {
            for order_by in [concat!($order, " desc"), concat!($order, " asc")] {
                let mut request = request.clone();
                request.order_by = order_by.to_owned();
                let page = call!($app.$service.$method(request.clone())).unwrap();
                calls += 1;
                if !page.next_page_token.is_empty() {
                    request.page_token = page.next_page_token;
                    call!($app.$service.$method(request)).unwrap();
                    calls += 1;
                }
            }
        }
        calls
    }};
}

use list;

/// Nothing says in the order of the ids which operators or sources are deleted or
/// inactive: there are not so many that it would matter.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_operators_and_sources_read_each_once() {
    const OPERATORS: i64 = 2_000;
    let app = start().await;
    let (mut operators, mut sources) = (Vec::new(), Vec::new());
    for active in [None, Some(true), Some(false)] {
        for show_deleted in [false, true] {
            operators.push(ListOperatorsRequest {
                active,
                show_deleted,
                ..Default::default()
            });
            for code in ["", "3"] {
                sources.push(ListSourcesRequest {
                    active,
                    show_deleted,
                    code: code.to_owned(),
                    ..Default::default()
                });
            }
        }
    }
    let list = async || {
        let calls = list!(app.operators.list_operators, &operators);
        call!(
            app.analytics
                .list_operator_loads(ListOperatorLoadsRequest::default())
        )
        .unwrap();
        calls + 1 + list!(app.sources.list_sources, &sources)
    };
    for _ in 0..WARM {
        list().await;
    }
    let mut conn = app.database().await;
    let row = sql_id("n + 1");
    conn.batch_execute(&format!(
        "INSERT INTO operators (organization_id, id, name, active, delete_time)
         SELECT '{ORGANIZATION}', {row}, 'operator', n % 10 = 0, CASE WHEN n % 10 > 1 THEN now() END
         FROM generate_series(1, {OPERATORS}) AS n;
         INSERT INTO sources (organization_id, id, code, name, active, delete_time)
         SELECT organization_id, id, row_number() OVER (ORDER BY id), name, active, delete_time
         FROM operators"
    ))
    .await
    .unwrap();
    let before = rows_read(&mut conn).await;
    let calls = list().await;
    // The operators of a page are read again, to count their windows.
    assert_read(&app, &mut conn, before, calls * (OPERATORS + PAGE)).await;
}
