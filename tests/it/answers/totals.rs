//! `include_total`, where there is more than is counted. (What every list counts is in
//! `paging`, what each filter leaves is beside its list.)

use minicrm::{call::DEVELOPMENT_ORGANIZATION as ORGANIZATION, proto::ListLeadsRequest};

use crate::support::{App, assert_invalid, call};

async fn fill(app: &App, leads: usize) {
    app.execute(&format!(
        "DELETE FROM leads;
         INSERT INTO leads (organization_id, id, name, owner_user_id)
         SELECT '{ORGANIZATION}', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                CASE WHEN n % 100 = 0 THEN 'Rare' ELSE 'Often' END,
                CASE WHEN n % 2 = 0 THEN gen_random_uuid() END
         FROM generate_series(1, {leads}) AS n"
    ))
    .await;
}

async fn total(app: &App, request: ListLeadsRequest) -> (i64, bool) {
    let request = ListLeadsRequest {
        include_total: true,
        page_size: 3,
        ..request
    };
    let page = call!(app.leads.list_leads(request)).unwrap();
    (page.total_size, page.total_size_is_lower_bound)
}

/// Mutants: a limit of 10,000 rows to count; the walk taken for all there is.
#[tokio::test]
async fn a_total_is_exact_up_to_ten_thousand_and_a_lower_bound_beyond() {
    let app = App::start().await;
    let all = ListLeadsRequest::default();
    let search = |text: &str| ListLeadsRequest {
        search: text.to_owned(),
        ..Default::default()
    };
    let without_owner = ListLeadsRequest {
        without_owner: true,
        ..Default::default()
    };
    for (leads, exact) in [(10_000, true), (10_001, false)] {
        fill(&app, leads).await;
        assert_eq!(total(&app, all.clone()).await, (10_000, !exact));
        assert_eq!(total(&app, search("RARE")).await, (100, false));
        let nobodys = i64::try_from(leads.div_ceil(2)).unwrap();
        assert_eq!(total(&app, without_owner.clone()).await, (nobodys, false));
    }
    // More than a search walks through in one call.
    fill(&app, 21_000).await;
    assert_eq!(total(&app, search("ft")).await, (10_000, true));
    assert_eq!(total(&app, search("zz")).await, (0, true));
    assert_eq!(total(&app, search("rare")).await, (210, false));
}

#[tokio::test]
async fn what_nobody_owns_is_found_page_by_page() {
    let app = App::start().await;
    fill(&app, 60).await;
    for search in ["", "often", "ft"] {
        for order_by in ["create_time asc", "create_time desc"] {
            let mut request = ListLeadsRequest {
                page_size: 7,
                without_owner: true,
                search: search.to_owned(),
                order_by: order_by.to_owned(),
                ..Default::default()
            };
            let mut found = Vec::new();
            loop {
                let page = call!(app.leads.list_leads(request.clone())).unwrap();
                assert!(page.leads.iter().all(|lead| lead.owner_user_id.is_empty()));
                found.extend(page.leads.into_iter().map(|lead| lead.id));
                request.page_token = page.next_page_token;
                if request.page_token.is_empty() {
                    break;
                }
            }
            if order_by.ends_with("desc") {
                found.reverse();
            }
            assert_eq!(found.len(), 30, "{search}");
            assert!(found.is_sorted());
        }
    }
    let both = ListLeadsRequest {
        without_owner: true,
        owner_user_id: ORGANIZATION.to_string(),
        ..Default::default()
    };
    assert_invalid(call!(app.leads.list_leads(both)), &["without_owner"]);
}
