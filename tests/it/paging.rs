//! What every List method promises about its pages.

use minicrm::{
    call::DEVELOPMENT_ORGANIZATION,
    proto::{
        Contact, ListActivitiesRequest, ListAssignmentsRequest, ListContactsRequest,
        ListLeadsRequest, ListOperatorLoadsRequest, ListOperatorsRequest, ListSourcesRequest,
        ListTasksRequest,
    },
};
use uuid::Uuid;

use crate::support::{App, assert_invalid, call, operator};

/// Checks the pages of a list of `$count` things, with other queries of
/// the same method.
macro_rules! assert_pages {
    ($app:ident.$service:ident.$method:ident, $request:expr, $items:ident.$id:ident, $count:expr,
     others: $others:expr) => {{
        let base = $request;
        let all = {
            let answer = call!($app.$service.$method(base.clone())).unwrap();
            assert_eq!(answer.next_page_token, "", "all fit on one page");
            let ids = answer.$items.into_iter().map(|item| item.$id);
            ids.collect::<Vec<_>>()
        };
        assert_eq!(all.len(), $count);

        let mut walked = Vec::new();
        let mut tokens = Vec::new();
        let mut request = base.clone();
        request.page_size = 2;
        loop {
            let answer = call!($app.$service.$method(request.clone())).unwrap();
            assert!(answer.$items.len() <= 2 && !answer.$items.is_empty());
            walked.extend(answer.$items.into_iter().map(|item| item.$id));
            if answer.next_page_token.is_empty() {
                break;
            }
            tokens.push(answer.next_page_token.clone());
            request.page_token = answer.next_page_token;
        }
        assert_eq!(walked, all);

        for (page_size, on_page) in [(i32::MAX, all.len()), (1000, all.len()), (3, 3)] {
            let mut request = base.clone();
            request.page_size = page_size;
            let answer = call!($app.$service.$method(request)).unwrap();
            assert_eq!(answer.$items.len(), on_page);
            assert_eq!(answer.next_page_token.is_empty(), on_page == all.len());
        }
        // The size may change from page to page, and a full page may be the last.
        let mut request = base.clone();
        request.page_size = i32::try_from(all.len() - 2).unwrap();
        request.page_token = tokens[0].clone();
        let answer = call!($app.$service.$method(request)).unwrap();
        assert_eq!(
            (answer.$items.len(), &*answer.next_page_token),
            (all.len() - 2, "")
        );

        // All are counted if asked for, on any page, and a token goes with it or without.
        for token in [String::new(), tokens[0].clone()] {
            let mut request = base.clone();
            request.page_size = 2;
            request.page_token = token;
            let uncounted = call!($app.$service.$method(request.clone())).unwrap();
            assert_eq!(uncounted.total_size, 0);
            request.include_total = true;
            let counted = call!($app.$service.$method(request)).unwrap();
            assert_eq!(
                (counted.total_size, counted.total_size_is_lower_bound),
                (i64::try_from(all.len()).unwrap(), false)
            );
            assert_eq!(counted.next_page_token, uncounted.next_page_token);
        }

        let mut negative = base.clone();
        negative.page_size = -1;
        assert_invalid(call!($app.$service.$method(negative)), &["page_size"]);
        let mut tampered = tokens[0].clone().into_bytes();
        tampered[3] = if tampered[3] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        let cut = &tokens[0][..tokens[0].len() - 1];
        for bad in [tampered.as_str(), cut, "x", "%", "\u{e4}", &all[0]] {
            let mut request = base.clone();
            request.page_token = bad.to_owned();
            assert_invalid(call!($app.$service.$method(request)), &["page_token"]);
        }
        let others: Vec<_> = $others.into();
        for other in others {
            let mut request = base.clone();
            request.clone_from(&other);
            request.page_token = tokens[0].clone();
            assert_invalid(call!($app.$service.$method(request)), &["page_token"]);
        }
        (all, tokens)
    }};
}

/// The same in both orders.
macro_rules! assert_ordered_pages {
    ($app:ident.$service:ident.$method:ident, $request:expr, $items:ident, $count:expr) => {{
        let base = $request;
        let mut ascending = base.clone();
        ascending.order_by = "create_time asc".to_owned();
        let mut descending = base.clone();
        descending.order_by = "create_time desc".to_owned();
        let (mut up, _) = assert_pages!($app.$service.$method, ascending.clone(), $items.id, $count,
            others: [base.clone()]);
        let (down, _) = assert_pages!($app.$service.$method, descending.clone(), $items.id, $count,
            others: [ascending.clone()]);
        let (default, tokens) = assert_pages!($app.$service.$method, base.clone(), $items.id, $count,
            others: [ascending.clone()]);
        assert_eq!(default, down, "newest first");
        assert!(up.is_sorted(), "UUIDv7 are in the order of creation");
        up.reverse();
        assert_eq!(up, down);
        for order_by in ["name", "create_time up", "id desc", "create_time,id"] {
            let mut request = base.clone();
            request.order_by = order_by.to_owned();
            assert_invalid(call!($app.$service.$method(request)), &["order_by"]);
        }
        tokens
    }};
}

#[tokio::test]
async fn every_list_can_be_walked_page_by_page() {
    let app = App::start().await;
    let mut operators = Vec::new();
    for n in 0..5 {
        operators.push(app.operator(operator(&n.to_string())).await);
        app.source(&n.to_string(), &[]).await;
    }
    let source = app.source("bot", &[]).await;
    let mut contact = Contact::default();
    for _ in 0..5 {
        contact = app.contact(&source).await;
    }
    for operator in operators.iter().take(4) {
        app.give(&contact, operator, false).await.unwrap();
    }

    assert_ordered_pages!(
        app.operators.list_operators,
        ListOperatorsRequest::default(),
        operators,
        5
    );
    assert_ordered_pages!(
        app.sources.list_sources,
        ListSourcesRequest::default(),
        sources,
        6
    );
    let tokens = assert_ordered_pages!(app.leads.list_leads, ListLeadsRequest::default(), leads, 5);
    assert_ordered_pages!(
        app.contacts.list_contacts,
        ListContactsRequest::default(),
        contacts,
        5
    );
    assert_pages!(app.analytics.list_operator_loads, ListOperatorLoadsRequest::default(),
        loads.operator_id, 5, others: []);
    let token = &tokens[0];
    let foreign = ListOperatorLoadsRequest {
        page_token: token.clone(),
        ..Default::default()
    };
    let outcome = call!(app.analytics.list_operator_loads(foreign));
    assert_invalid(outcome, &["page_token"]);
    let foreign = ListContactsRequest {
        page_token: token.clone(),
        ..Default::default()
    };
    let outcome = call!(app.contacts.list_contacts(foreign));
    assert_invalid(outcome, &["page_token"]);

    let of = |contact_id: &str| ListAssignmentsRequest {
        contact_id: contact_id.to_owned(),
        ..Default::default()
    };
    assert_pages!(app.contacts.list_assignments, of(&contact.id), assignments.id, 5,
        others: [of(&Uuid::now_v7().to_string())]);
}

#[tokio::test]
async fn tasks_and_timelines_can_be_walked_page_by_page() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    for n in 0..5 {
        app.task(&deal, &n.to_string()).await;
    }
    let list = ListTasksRequest::default();
    assert_ordered_pages!(app.tasks.list_tasks, list.clone(), tasks, 5);
    let by_day = ListTasksRequest {
        order_by: "due_date".to_owned(),
        ..list.clone()
    };
    assert_pages!(app.tasks.list_tasks, by_day, tasks.id, 5, others: [list]);
    let of = |deal_id: &str| ListActivitiesRequest {
        deal_id: deal_id.to_owned(),
        ..Default::default()
    };
    assert_pages!(app.activities.list_activities, of(&deal.id), activities.id, 6,
        others: [of(&Uuid::now_v7().to_string())]);
}

#[tokio::test]
async fn a_token_goes_with_the_filters_it_was_made_with() {
    let app = App::start().await;
    let source = app.source("bot", &[]).await;
    for _ in 0..3 {
        app.contact(&source).await;
    }
    let request = ListContactsRequest {
        page_size: 1,
        source_id: source.id.clone(),
        ..Default::default()
    };
    let page = call!(app.contacts.list_contacts(request.clone())).unwrap();
    let request = ListContactsRequest {
        page_token: page.next_page_token,
        ..request
    };
    call!(app.contacts.list_contacts(request.clone())).unwrap();
    for other in [
        ListContactsRequest {
            source_id: String::new(),
            ..request.clone()
        },
        ListContactsRequest {
            unassigned: true,
            ..request
        },
    ] {
        let outcome = call!(app.contacts.list_contacts(other));
        assert_invalid(outcome, &["page_token"]);
    }
}

#[tokio::test]
async fn a_page_holds_50_unless_told_otherwise_and_1000_at_most() {
    let app = App::start().await;
    app.execute(&format!(
        "INSERT INTO leads (organization_id, id)
         SELECT '{DEVELOPMENT_ORGANIZATION}', gen_random_uuid() FROM generate_series(1, 1001)"
    ))
    .await;
    for (page_size, expected) in [(0, 50), (1000, 1000), (1001, 1000), (i32::MAX, 1000)] {
        let request = ListLeadsRequest {
            page_size,
            ..Default::default()
        };
        let page = call!(app.leads.list_leads(request)).unwrap();
        assert_eq!(page.leads.len(), expected);
        assert_ne!(page.next_page_token, "");
    }
}
