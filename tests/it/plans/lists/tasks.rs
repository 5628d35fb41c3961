//! Lists of tasks, and of what happened to a deal.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    platform::db::Conn,
    proto::{Date, ListActivitiesRequest, ListTasksRequest},
};

use super::{PAGE, ROWS, WARM, assert_read, id, list, sql_id};
use crate::{
    plans::{rows_read, start},
    support::{App, call},
};

/// Days that tasks are due by.
const DAYS: i64 = 5;

/// Every combination of filters but those of days.
fn task_lists() -> Vec<ListTasksRequest> {
    let mut lists = Vec::new();
    for (assignee_user_id, without_assignee) in [
        (String::new(), false),
        (id(3), false),
        (String::new(), true),
    ] {
        for only_open in [false, true] {
            lists.push(ListTasksRequest {
                assignee_user_id: assignee_user_id.clone(),
                without_assignee,
                only_open,
                ..Default::default()
            });
        }
    }
    lists
}

/// The same for tasks due on some days.
fn task_lists_by_day() -> Vec<ListTasksRequest> {
    let [before, after] =
        [(2019, 12, 31), (2020, 1, 6)].map(|(year, month, day)| Some(Date { year, month, day }));
    let mut lists = Vec::new();
    for list in task_lists() {
        for (due_after, due_before, overdue) in [
            (before, None, false),
            (None, after, false),
            (before, after, false),
            (None, None, true),
        ] {
            lists.push(ListTasksRequest {
                due_after,
                due_before,
                overdue,
                ..list.clone()
            });
        }
    }
    lists
}

/// Tasks of ten people, one in ten of them open, that were due on some days, in the
/// middle of as many of others: done and due later, and not due at all.
async fn fill_tasks(conn: &mut Conn) {
    let third = ROWS / 3;
    let (lead, deal, task) = (sql_id("1"), sql_id("n % 1000 + 1"), sql_id("n + 1"));
    let assignee = sql_id("CASE WHEN middle THEN n / 10 % 10 ELSE 1000 END");
    conn.batch_execute(&format!(
        "INSERT INTO leads (organization_id, id) VALUES ('{ORGANIZATION}', {lead});
         INSERT INTO deals (organization_id, id, lead_id, title, amount, currency, status, stage,
             reached_stage)
         SELECT '{ORGANIZATION}', {deal}, {lead}, 'Deal', 0, 'EUR', 'NEW', 'QUALIFICATION',
             'QUALIFICATION'
         FROM generate_series(0, 999) AS n;
         INSERT INTO tasks (organization_id, id, deal_id, title, description, due_date,
             assignee_user_id, done_time)
         SELECT '{ORGANIZATION}', {task}, {deal}, 'Call', '',
             CASE n / {third} WHEN 0 THEN DATE '2100-01-01'
                              WHEN 1 THEN DATE '2020-01-01' + n / 100 % {DAYS} END,
             CASE WHEN NOT middle OR n / 10 % 10 <> 9 THEN {assignee} END,
             CASE WHEN NOT middle OR n % 10 > 0 THEN now() END
         FROM generate_series(0, {ROWS} - 1) AS n, LATERAL (
             SELECT n / {third} = 1 AS middle) AS m;
         INSERT INTO activities (organization_id, id, deal_id, number, payload)
         SELECT '{ORGANIZATION}', id, {first}, row_number() OVER (ORDER BY id),
             '{{\"type\": \"COMMENT\", \"text\": \"\"}}'
         FROM tasks",
        first = sql_id("3"),
    ))
    .await
    .unwrap();
}

/// The timeline of a deal: two pages.
async fn read_timeline(app: &App) -> i64 {
    let mut request = ListActivitiesRequest {
        deal_id: id(3),
        ..Default::default()
    };
    if let Ok(page) = call!(app.activities.list_activities(request.clone())) {
        request.page_token = page.next_page_token;
        call!(app.activities.list_activities(request)).unwrap();
    }
    2
}

/// Lists while the tables are small, then when they are filled; asserts that it
/// reads at most as many rows as it says.
async fn assert_lists_read(list: impl AsyncFn(&App) -> i64) {
    let app = start().await;
    for _ in 0..WARM {
        list(&app).await;
    }
    let mut conn = app.database().await;
    fill_tasks(&mut conn).await;
    let before = rows_read(&mut conn).await;
    let at_most = list(&app).await;
    assert_read(&app, &mut conn, before, at_most).await;
}

/// Mutants: any of the indexes of tasks dropped.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_tasks_read_their_page() {
    let (lists, by_day) = (task_lists(), task_lists_by_day());
    let of_deal = [&lists[..], &by_day].concat().into_iter();
    let of_deal: Vec<_> = of_deal
        .map(|list| ListTasksRequest {
            deal_id: id(3),
            ..list
        })
        .collect();
    assert_lists_read(async |app| {
        let pages = list!(app.tasks.list_tasks, &lists)
            + list!(app.tasks.list_tasks, &lists, by: "due_date")
            + list!(app.tasks.list_tasks, &by_day, by: "due_date")
            + read_timeline(app).await;
        let of_deal = list!(app.tasks.list_tasks, &of_deal)
            + list!(app.tasks.list_tasks, &of_deal, by: "due_date");
        // And the organization, to know what day it is.
        pages * (PAGE + 1) + of_deal * (ROWS / 1000 + 1)
    })
    .await;
}

/// Mutant: the days looked for by condition.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_tasks_due_on_some_days_read_a_page_of_each() {
    let lists = task_lists_by_day();
    assert_lists_read(async |app| {
        // Each day is looked for, that of the others too, and one more in vain. And
        // the organization.
        list!(app.tasks.list_tasks, &lists) * ((DAYS + 1) * (PAGE + 1) + 2)
    })
    .await;
}
