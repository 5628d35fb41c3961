//! No page of a list is longer than the 4 MiB that clients accept unless told otherwise (as
//! those of the tests do), and nothing is lost over it: what does not fit is on the next.

use std::collections::BTreeSet;

use minicrm::proto::{
    ListActivitiesRequest, ListAssignmentsRequest, ListContactsRequest, ListDealsRequest,
    ListLeadsRequest, ListOperatorLoadsRequest, ListOperatorsRequest, ListSourcesRequest,
    ListTasksRequest,
};
use prost::Message;

use super::fill::{LONG, MANY, PAGE_BYTES, fill, id};
use crate::support::{App, call};

/// Walks through all pages of the greatest size: each fits, more than one is needed, and
/// all there is comes once.
macro_rules! assert_fits {
    ($app:ident.$service:ident.$method:ident, $request:expr, $items:ident.$id:ident, $count:expr,
     $pages:expr) => {{
        let mut request = $request;
        (request.page_size, request.include_total) = (1000, true);
        let (mut found, mut pages) = (BTreeSet::new(), 0);
        loop {
            let page = call!($app.$service.$method(request.clone())).unwrap();
            assert!(page.encoded_len() < PAGE_BYTES, "{}", page.encoded_len());
            assert!(!page.$items.is_empty());
            assert_eq!(page.total_size, i64::try_from($count).unwrap());
            for item in page.$items {
                assert!(found.insert(item.$id), "met twice");
            }
            pages += 1;
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!((found.len(), pages), ($count, $pages));
    }};
}

/// Mutants: a page that ends by number only; a page cut where it is fetched without a
/// token.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_every_list_fit() {
    let app = App::start().await;
    fill(&app).await;
    let by = |lead: usize, source: usize, unassigned: bool| ListContactsRequest {
        lead_id: if lead > 0 { id(lead) } else { String::new() },
        source_id: if source > 0 {
            id(source)
        } else {
            String::new()
        },
        unassigned,
        ..Default::default()
    };
    for request in [
        by(0, 0, false),
        by(1, 0, false),
        by(0, 1, false),
        by(0, 0, true),
        by(0, 1, true),
    ] {
        for order_by in ["", "create_time asc"] {
            let request = ListContactsRequest {
                order_by: order_by.to_owned(),
                ..request.clone()
            };
            assert_fits!(app.contacts.list_contacts, request, contacts.id, LONG, 3);
        }
    }
    for order_by in ["", "due_date asc"] {
        for deal_id in [String::new(), id(1)] {
            let request = ListTasksRequest {
                order_by: order_by.to_owned(),
                deal_id,
                ..Default::default()
            };
            assert_fits!(app.tasks.list_tasks, request, tasks.id, LONG, 3);
        }
    }
    let timeline = ListActivitiesRequest {
        deal_id: id(1),
        ..Default::default()
    };
    assert_fits!(
        app.activities.list_activities,
        timeline,
        activities.id,
        LONG,
        3
    );
    let history = ListAssignmentsRequest {
        contact_id: id(1),
        ..Default::default()
    };
    assert_fits!(
        app.contacts.list_assignments,
        history,
        assignments.id,
        LONG,
        4
    );
    assert_fits!(
        app.sources.list_sources,
        ListSourcesRequest::default(),
        sources.id,
        MANY,
        3
    );
    assert_fits!(
        app.leads.list_leads,
        ListLeadsRequest::default(),
        leads.id,
        MANY,
        1
    );
    assert_fits!(
        app.deals.list_deals,
        ListDealsRequest::default(),
        deals.id,
        MANY,
        1
    );
    let operators = ListOperatorsRequest::default();
    assert_fits!(
        app.operators.list_operators,
        operators,
        operators.id,
        MANY + 1,
        2
    );
    let loads = ListOperatorLoadsRequest::default();
    assert_fits!(
        app.analytics.list_operator_loads,
        loads,
        loads.operator_id,
        MANY + 1,
        2
    );
}
