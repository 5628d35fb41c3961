//! `ListLeads` with a search among many leads: whatever way it is searched, all
//! are found, in order, page by page.

use std::fmt::Write;

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::RunQueryDsl;
use minicrm::{call::DEVELOPMENT_ORGANIZATION, proto::ListLeadsRequest};
use uuid::Uuid;

use crate::support::{App, call};

/// More than one call walks through.
const LEADS: usize = 24_000;
const OWNER: Uuid = Uuid::from_u128(7);

#[derive(Debug, QueryableByName)]
struct Id {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

/// Leads that have some texts often, some seldom, and some only when they are old.
async fn fill(app: &App) {
    app.execute(&format!(
        "INSERT INTO leads (organization_id, id, external_id, phone, email, name, owner_user_id)
         SELECT '{DEVELOPMENT_ORGANIZATION}',
                ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                'tg:' || n,
                CASE WHEN n % 3 = 0 THEN '+49301' || 100000 + n END,
                CASE WHEN n % 5 = 0 THEN 'lead.' || n || '@example.org' END,
                CASE WHEN n % 40 = 0 THEN 'Eve M\u{fc}ller' WHEN n % 301 = 0 THEN 'RARE_one'
                     WHEN n < 3000 AND n % 2 = 0 THEN 'Old Customer' WHEN n < 200 THEN 'Q Zz'
                     ELSE '' END,
                CASE WHEN n % 8 = 0 THEN '{OWNER}'::uuid END
         FROM generate_series(1, {LEADS}) AS n;
         INSERT INTO organizations (id, name) VALUES ('{OWNER}', 'Other');
         INSERT INTO leads (organization_id, id, name)
         SELECT '{OWNER}', gen_random_uuid(), 'M\u{fc}ller rare_one zz' FROM generate_series(1, 100)"
    ))
    .await;
}

/// What is to be found, the oldest first.
async fn expected(app: &App, search: &str, owner: Option<Uuid>) -> Vec<Uuid> {
    let like = search.replace('_', r"\_");
    let mut sql = format!(
        "SELECT id FROM leads WHERE organization_id = '{DEVELOPMENT_ORGANIZATION}'
           AND (name ILIKE '%{like}%' OR email ILIKE '%{like}%' OR phone ILIKE '%{like}%'
                OR external_id ILIKE '{like}%')"
    );
    if let Some(owner) = owner {
        write!(sql, " AND owner_user_id = '{owner}'").unwrap();
    }
    let query = sql_query(sql + " ORDER BY id");
    let rows: Vec<Id> = query.get_results(&mut app.database().await).await.unwrap();
    rows.iter().map(|row| row.id).collect()
}

/// What is found, and in how many pages.
async fn walk(app: &App, mut request: ListLeadsRequest) -> (Vec<Uuid>, usize) {
    let size = usize::try_from(request.page_size).unwrap();
    let mut walked = Vec::new();
    for pages in 1.. {
        let page = call!(app.leads.list_leads(request.clone())).unwrap();
        assert!(page.leads.len() <= size);
        walked.extend(
            page.leads
                .iter()
                .map(|lead| lead.id.parse::<Uuid>().unwrap()),
        );
        if page.next_page_token.is_empty() {
            return (walked, pages);
        }
        request.page_token = page.next_page_token;
    }
    unreachable!("pages end")
}

/// Mutants: a walk that ends where it stopped; what was looked up taken for all
/// when there are more; the lead where a walk stopped left out.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_searched_is_found_page_by_page() {
    let app = App::start().await;
    fill(&app).await;
    for (search, size) in [
        ("example", 1000),     // many
        ("m\u{dc}LLER", 100),  // some
        ("rare_one", 30),      // few
        ("rare_one", 1000),    // fewer than fit on a page
        ("old customer", 400), // none of the new ones, but more than are looked up
        ("zz", 40),            // short, and old
        ("z", 1000),           // shorter
        ("@e", 1000),          // nothing to look up by
        ("+49301100300", 50),  // one
        ("TG:1000", 50),       // some, by how the external id begins
        ("tg:", 1000),         // all
        ("nobody at all", 50), // none
    ] {
        for owner in [None, Some(OWNER)] {
            let expected = expected(&app, search, owner).await;
            for ascending in [false, true] {
                let request = ListLeadsRequest {
                    page_size: i32::try_from(size).unwrap(),
                    search: search.to_owned(),
                    owner_user_id: owner.map(|id| id.to_string()).unwrap_or_default(),
                    order_by: if ascending { "create_time asc" } else { "" }.to_owned(),
                    ..Default::default()
                };
                let (mut found, pages) = walk(&app, request).await;
                if !ascending {
                    found.reverse();
                }
                assert_eq!(found, expected, "search for {search:?}, owner {owner:?}");
                // A page that is not full has been searched for long.
                assert!(
                    pages
                        <= 1 + expected.len() / size
                            + LEADS / if owner.is_some() { 2_000 * 8 } else { 20_000 },
                    "{pages} pages of {search:?}, owner {owner:?}"
                );
            }
        }
    }
}
