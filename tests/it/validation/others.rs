//! Operators, sources, weights and contacts.

use minicrm::proto::{
    Contact, CreateContactRequest, CreateOperatorRequest, CreateSourceRequest, LeadIdentity,
    ListAssignmentsRequest, ListContactsRequest, ListOperatorLoadsRequest, ListOperatorsRequest,
    ListSourcesRequest, Operator, OperatorWeight, ReplaceOperatorWeightsRequest,
    SetContactStatusRequest, SetOperatorWeightRequest, Source, UpdateContactRequest,
    UpdateOperatorRequest, UpdateSourceRequest, create_contact_request,
};
use prost_types::{Duration, Timestamp};
use uuid::Uuid;

use super::{bad, x};
use crate::support::{App, assert_invalid, call, contact, external};

#[tokio::test]
async fn operators_are_checked() {
    let app = App::start().await;
    let operator = |name: &str, limit: Option<i32>, window: Option<(i64, i32)>| Operator {
        name: name.to_owned(),
        load_limit: limit,
        window_limit: limit,
        window: window.map(|(seconds, nanos)| Duration { seconds, nanos }),
        ..Operator::default()
    };
    let create = |operator: Operator| CreateOperatorRequest {
        operator: Some(operator),
        ..Default::default()
    };
    let wrong = Operator {
        user_id: bad(),
        ..operator(" ", Some(-1), Some((0, 0)))
    };
    let fields = [
        "operator.name",
        "operator.load_limit",
        "operator.window_limit",
        "operator.window",
        "operator.user_id",
    ];
    let update = UpdateOperatorRequest {
        operator: Some(wrong.clone()),
        request_id: bad(),
        ..Default::default()
    };
    let list = ListOperatorsRequest {
        page_size: -1,
        page_token: bad(),
        order_by: bad(),
        ..Default::default()
    };
    let loads = ListOperatorLoadsRequest {
        page_size: -1,
        page_token: bad(),
        ..Default::default()
    };
    assert_refused! {
        app.operators.create_operator(create(wrong)) => fields;
        app.operators.update_operator(update) => [&fields[..], &["operator.id", "request_id"]].concat();
        app.operators.create_operator(create(operator(&x(257), Some(1_000_001), None))) => fields[..3];
        app.operators.create_operator(create(operator("a\0", Some(i32::MIN), None))) => fields[..3];
        app.operators.list_operators(list) => ["page_size", "page_token", "order_by"];
        app.analytics.list_operator_loads(loads) => ["page_size", "page_token"];
    }
    let month = 31 * 24 * 60 * 60;
    for window in [
        (-1, 0),
        (month + 1, 0),
        (i64::MAX, 0),
        (1, 1),
        (0, 1),
        (60, -1),
        (i64::MIN, 0),
    ] {
        assert_refused! { app.operators.create_operator(create(operator("Ann", None, Some(window)))) => ["operator.window"]; }
    }
    for seconds in [1, month] {
        let fine = create(operator("Ann", Some(1_000_000), Some((seconds, 0))));
        call!(app.operators.create_operator(fine)).unwrap();
    }
}

#[tokio::test]
async fn sources_and_weights_are_checked() {
    let app = App::start().await;
    let create = |source: Source| CreateSourceRequest {
        source: Some(source),
        ..Default::default()
    };
    let source = |code: &str, name: &str, description: &str, strategy| Source {
        code: code.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        strategy,
        ..Source::default()
    };
    let fields = [
        "source.code",
        "source.name",
        "source.description",
        "source.strategy",
    ];
    let update = UpdateSourceRequest {
        source: Some(source("-", &x(257), "\0", 99)),
        request_id: bad(),
        ..Default::default()
    };
    let list = ListSourcesRequest {
        page_size: -1,
        page_token: bad(),
        order_by: bad(),
        ..Default::default()
    };
    let set = SetOperatorWeightRequest {
        source_id: bad(),
        operator_id: bad(),
        weight: Some(-1),
        request_id: bad(),
    };
    let too_heavy = SetOperatorWeightRequest {
        weight: Some(1_000_001),
        source_id: Uuid::now_v7().to_string(),
        operator_id: Uuid::now_v7().to_string(),
        ..Default::default()
    };
    let weight = |operator_id: &str, weight| OperatorWeight {
        operator_id: operator_id.to_owned(),
        weight: Some(weight),
        ..Default::default()
    };
    let id = Uuid::now_v7().to_string();
    let replace = |weights: Vec<OperatorWeight>| ReplaceOperatorWeightsRequest {
        source_id: bad(),
        weights,
        ..Default::default()
    };
    assert_refused! {
        app.sources.create_source(create(source("a b", "", &x(2001), -1))) => fields;
        app.sources.update_source(update) => [&fields[..], &["source.id", "request_id"]].concat();
        app.sources.list_sources(list) => ["page_size", "page_token", "order_by"];
        app.sources.set_operator_weight(set) => ["source_id", "operator_id", "weight", "request_id"];
        app.sources.set_operator_weight(too_heavy) => ["weight"];
        app.sources.replace_operator_weights(replace(vec![weight(&id, 1), weight("", -1), weight(&id, 1_000_001)])) =>
            ["source_id", "weights[1].operator_id", "weights[1].weight", "weights[2].operator_id", "weights[2].weight"];
        app.sources.replace_operator_weights(replace(vec![weight(&id, 1); 1001])) => ["source_id", "weights"];
    }
    for code in [" ", "-a", ".a", "a/b", "\u{e4}", "a\0", "a\n.", &x(65)] {
        assert_refused! { app.sources.create_source(create(source(code, "Bot", "", 0))) => ["source.code"]; }
    }
    let fine = source(&x(64), &x(256), &"\n".repeat(2000), 1);
    call!(app.sources.create_source(create(fine))).unwrap();
}

#[tokio::test]
async fn contacts_are_checked() {
    let app = App::start().await;
    let bot = app.source("bot", &[]).await;
    let wrong = CreateContactRequest {
        source: Some(create_contact_request::Source::SourceId(bad())),
        lead: Some(LeadIdentity {
            external_id: x(257),
            phone: "12".to_owned(),
            email: "ann".to_owned(),
            name: "\0".to_owned(),
        }),
        message: x(10_001),
        request_id: bad(),
    };
    let nameless = CreateContactRequest {
        source: Some(create_contact_request::Source::SourceCode("a b".to_owned())),
        lead: Some(LeadIdentity {
            name: "Ann".to_owned(),
            ..Default::default()
        }),
        message: "\u{7}".to_owned(),
        ..Default::default()
    };
    let update = UpdateContactRequest {
        contact: Some(Contact {
            message: "a\0".to_owned(),
            ..Default::default()
        }),
        request_id: bad(),
        ..Default::default()
    };
    let status = |status| SetContactStatusRequest {
        id: bad(),
        status,
        request_id: bad(),
        ..Default::default()
    };
    let list = ListContactsRequest {
        page_size: -1,
        page_token: bad(),
        lead_id: bad(),
        source_id: bad(),
        operator_id: bad(),
        statuses: vec![1, 0, 99],
        unassigned: true,
        create_time_after: Some(Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        }),
        create_time_before: Some(Timestamp {
            seconds: 0,
            nanos: 2_000_000_000,
        }),
        order_by: bad(),
        ..Default::default()
    };
    let history = ListAssignmentsRequest {
        contact_id: bad(),
        page_size: -1,
        page_token: bad(),
        ..Default::default()
    };
    assert_refused! {
        app.contacts.create_contact(wrong) =>
            ["source_id", "lead.external_id", "lead.phone", "lead.email", "lead.name", "message", "request_id"];
        app.contacts.create_contact(nameless) => ["source_code", "lead", "message"];
        app.contacts.create_contact(CreateContactRequest::default()) => ["source", "lead"];
        app.contacts.update_contact(update) => ["contact.id", "contact.message", "request_id"];
        app.contacts.set_contact_status(status(0)) => ["id", "status", "request_id"];
        app.contacts.set_contact_status(status(99)) => ["id", "status", "request_id"];
        app.contacts.list_contacts(list) => [
            "page_size", "page_token", "lead_id", "source_id", "operator_id", "statuses[1]", "statuses[2]",
            "unassigned", "create_time_after", "create_time_before", "order_by"];
        app.contacts.list_assignments(history) => ["contact_id", "page_size", "page_token"];
    }
    let widest = CreateContactRequest {
        message: "\u{1f642}\r\n\t ".repeat(2000),
        ..contact(&bot, external("a"))
    };
    let taken = app.create_contact(widest.clone()).await.unwrap();
    assert_eq!(
        taken.contact.unwrap().message,
        widest.message,
        "as it was written"
    );
}
