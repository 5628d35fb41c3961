//! Lists of leads, and one lead with its contacts.

use diesel_async::SimpleAsyncConnection;
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION as ORGANIZATION,
    platform::db::Conn,
    proto::{
        GetLeadRequest, LeadView, ListAssignmentsRequest, ListLeadsRequest, LookupLeadRequest,
        lookup_lead_request::Identifier,
    },
};

use super::{PAGE, ROWS, WARM, assert_read, id, list, sql_id};
use crate::{
    plans::{rows_read, start},
    support::call,
};

async fn fill_leads(conn: &mut Conn) {
    let (lead, owner) = (sql_id("n + 1"), sql_id("owner"));
    conn.batch_execute(&format!(
        "INSERT INTO leads (organization_id, id, external_id, phone, email, name, owner_user_id)
         SELECT '{ORGANIZATION}', {lead}, 'lead-' || n, '+49301' || n, n || '@example.org',
                CASE WHEN n % 10 = 0 THEN 'Often' WHEN n / {rare} = 20 THEN 'Rare' ELSE '' END,
                CASE WHEN owner <> 9 THEN {owner} END
         FROM generate_series(0, {ROWS} - 1) AS n, LATERAL (
             SELECT CASE WHEN n / {third} = 1 THEN n / 10 % 10 ELSE 1000 END AS owner) AS o",
        third = ROWS / 3,
        rare = ROWS / 50,
    ))
    .await
    .unwrap();
}

fn leads_by(search: &str, owner: bool) -> ListLeadsRequest {
    ListLeadsRequest {
        search: search.to_owned(),
        owner_user_id: if owner { id(3) } else { String::new() },
        ..Default::default()
    }
}

/// Leads, one by one too, and its contacts; assignments.
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_leads_read_their_page() {
    let app = start().await;
    let lists = [
        leads_by("", false),
        leads_by("", true),
        ListLeadsRequest {
            without_owner: true,
            ..Default::default()
        },
    ];
    let one_by_one = async || {
        let mut calls = 0;
        for identifier in [
            Identifier::ExternalId("lead-7".to_owned()),
            Identifier::Phone("+49301100300".to_owned()),
            Identifier::Email("7@example.org".to_owned()),
        ] {
            let request = LookupLeadRequest {
                identifier: Some(identifier),
                ..Default::default()
            };
            let _ = call!(app.leads.lookup_lead(request));
            calls += 1;
        }
        let request = GetLeadRequest {
            id: id(3),
            view: LeadView::WithContacts.into(),
        };
        let _ = call!(app.leads.get_lead(request));
        let request = ListAssignmentsRequest {
            contact_id: id(3),
            ..Default::default()
        };
        let _ = call!(app.contacts.list_assignments(request));
        calls + 2
    };
    for _ in 0..WARM {
        list!(app.leads.list_leads, &lists);
        one_by_one().await;
    }
    let mut conn = app.database().await;
    fill_leads(&mut conn).await;
    let before = rows_read(&mut conn).await;
    let calls = list!(app.leads.list_leads, &lists) + one_by_one().await;
    assert_read(&app, &mut conn, before, calls * PAGE).await;
}

/// Mutants: the organization looked for as it is; no walk before looking up; no
/// end to a walk.
#[tokio::test(flavor = "multi_thread")]
async fn searches_read_little() {
    let found = [
        ("Often", false, 10 * PAGE),
        // The walk, and all that there are.
        ("Rare", false, 1_000 + ROWS / 50),
        ("4930112345", false, 1_000 + 10),
        ("nobody at all", false, 1_000),
        // The walk, all entries of the index in vain, and another walk.
        ("Often", true, 200 + ROWS / 10 + 10 * PAGE),
        ("nobody at all", true, 200),
    ];
    let too_short = [("zz", false, 20_000), ("zz", true, 2_000)];
    for searches in [&found[..], &too_short] {
        let app = start().await;
        for _ in 0..WARM {
            for (search, owner, _) in searches {
                list!(app.leads.list_leads, [leads_by(search, *owner)]);
            }
        }
        let mut conn = app.database().await;
        fill_leads(&mut conn).await;
        let before = rows_read(&mut conn).await;
        let mut at_most = 0;
        for (search, owner, each) in searches {
            at_most += each * list!(app.leads.list_leads, [leads_by(search, *owner)]);
        }
        assert_read(&app, &mut conn, before, at_most).await;
    }
}
