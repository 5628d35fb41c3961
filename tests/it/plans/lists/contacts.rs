//! Lists of contacts.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    platform::db::Conn,
    proto::{ContactStatus, ListContactsRequest},
};
use prost_types::Timestamp;

use super::{PAGE, ROWS, WARM, assert_read, id, list, sql_id};
use crate::{
    plans::{rows_read, start},
    support::call,
};

fn contacts_by(source: u128, operator: u128, unassigned: bool) -> ListContactsRequest {
    let id = |number| {
        if number == 0 {
            String::new()
        } else {
            id(number)
        }
    };
    ListContactsRequest {
        source_id: id(source),
        operator_id: id(operator),
        unassigned,
        ..Default::default()
    }
}

/// Every combination of filters, without and with times. Source and operator
/// together come last.
fn contact_lists() -> Vec<ListContactsRequest> {
    let time = |n| {
        Some(Timestamp {
            seconds: 1_790_000_000 + n,
            nanos: 0,
        })
    };
    let mut lists = Vec::new();
    for (source, operator, unassigned) in [
        (0, 0, false),
        (3, 0, false),
        (0, 3, false),
        (0, 0, true),
        (3, 0, true),
        (3, 3, false),
    ] {
        for statuses in [
            vec![],
            vec![ContactStatus::Closed.into()],
            vec![
                ContactStatus::Closed.into(),
                ContactStatus::InProgress.into(),
            ],
        ] {
            for (after, before) in [(None, None), (time(ROWS / 3), time(ROWS * 2 / 3))] {
                let request = contacts_by(source, operator, unassigned);
                lists.push(ListContactsRequest {
                    statuses: statuses.clone(),
                    create_time_after: after,
                    create_time_before: before,
                    ..request.clone()
                });
                lists.push(ListContactsRequest {
                    lead_id: id(3),
                    statuses: statuses.clone(),
                    create_time_after: after,
                    create_time_before: before,
                    ..request
                });
            }
        }
    }
    lists
}

/// Contacts with ten sources, nineteen operators and none, and all statuses, in
/// the middle of as many before and behind with others.
async fn fill_contacts(conn: &mut Conn) {
    let third = ROWS / 3;
    let (lead, source, operator) = (sql_id("lead"), sql_id("source"), sql_id("operator"));
    conn.batch_execute(&format!(
        "INSERT INTO leads (organization_id, id, external_id)
         SELECT '{ORGANIZATION}', {lead}, 'lead-' || lead FROM generate_series(0, 1000) AS lead;
         INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, status,
             backlog_reason, create_time, assign_time, close_time)
         SELECT '{ORGANIZATION}',
             (lpad(to_hex(1790000000000 + n * 1000), 12, '0') || '7000'
                 || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
             {lead}, {source}, CASE WHEN operator > 0 THEN {operator} END, status,
             CASE WHEN operator = 0 THEN 'NO_OPERATORS' END, to_timestamp(1790000000 + n),
             CASE WHEN operator > 0 THEN now() END, CASE WHEN status = 'CLOSED' THEN now() END
         FROM generate_series(0, {ROWS} - 1) AS n, LATERAL (
             SELECT n / {third} = 1 AS middle) AS m, LATERAL (
             SELECT CASE WHEN middle THEN n / 7 % 100 ELSE 1000 END AS lead,
                    CASE WHEN middle THEN n % 10 ELSE 1000 END AS source,
                    CASE WHEN middle THEN n / 10 % 20 ELSE 1000 END AS operator,
                    CASE WHEN middle
                         THEN (ARRAY['CLOSED', 'IN_PROGRESS', 'NEW'])[1 + n / 200 % 3]
                         ELSE 'NEW' END AS status) AS kind"
    ))
    .await
    .unwrap();
}

/// Mutants: the order of the backlog left to the ids; a status not written out; a
/// source as a condition that chooses no index.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_contacts_read_their_page() {
    let app = start().await;
    let lists = contact_lists();
    for _ in 0..WARM {
        list!(app.contacts.list_contacts, &lists);
    }
    let mut conn = app.database().await;
    fill_contacts(&mut conn).await;
    let (of_both, others): (Vec<_>, Vec<_>) = lists
        .into_iter()
        .partition(|list| !list.source_id.is_empty() && !list.operator_id.is_empty());
    let before = rows_read(&mut conn).await;
    let calls = list!(app.contacts.list_contacts, &others);
    let calls_of_both = list!(app.contacts.list_contacts, &of_both);
    // The merge of the statuses looks at the next row of each. All that an
    // operator has, or a lead, may be passed by in search of one source's.
    let (merged, one_operator) = (PAGE + 2, ROWS / 3 / 20 + PAGE);
    let lead = ROWS / 3 / 100;
    let at_most = calls * merged.max(lead) + calls_of_both * one_operator;
    assert_read(&app, &mut conn, before, at_most).await;
}
