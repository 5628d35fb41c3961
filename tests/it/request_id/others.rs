//! The writes of operators, sources, weights and leads.

use minicrm::proto::{
    CreateLeadRequest, CreateOperatorRequest, CreateSourceRequest, DeleteLeadRequest,
    DeleteOperatorRequest, DeleteSourceRequest, Lead, Operator, OperatorWeight,
    RemoveOperatorWeightRequest, ReplaceOperatorWeightsRequest, SetOperatorWeightRequest, Source,
    UpdateLeadRequest, UpdateOperatorRequest, UpdateSourceRequest,
};
use tonic::Code;

use super::{everything, unknown};
use crate::support::{App, assert_error, assert_invalid, call, operator, request_id};

#[tokio::test]
async fn every_write_of_operators_and_weights_is_done_once() {
    let app = App::start().await;
    let create = |name: &str| CreateOperatorRequest {
        operator: Some(operator(name)),
        ..Default::default()
    };
    let request = CreateOperatorRequest {
        request_id: request_id(),
        ..create("Ann")
    };
    let ann = call!(app.operators.create_operator(request.clone())).unwrap();
    let again = call!(app.operators.create_operator(request.clone())).unwrap();
    assert_eq!(again, ann);
    let other = CreateOperatorRequest {
        request_id: request.request_id,
        ..create("Bob")
    };
    let outcome = call!(app.operators.create_operator(other));
    assert_error(outcome, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let bot = app.source("bot", &[]).await;

    let set = |operator_id: &str, weight| SetOperatorWeightRequest {
        source_id: bot.id.clone(),
        operator_id: operator_id.to_owned(),
        weight: Some(weight),
        ..Default::default()
    };
    assert_exactly_once!(app.sources.set_operator_weight, set(&ann.id, 1),
        refused: set(&unknown(), 1), other: set(&ann.id, 2));
    let replace = |operator_id: &str, weight| ReplaceOperatorWeightsRequest {
        source_id: bot.id.clone(),
        weights: vec![OperatorWeight {
            operator_id: operator_id.to_owned(),
            weight: Some(weight),
            ..Default::default()
        }],
        ..Default::default()
    };
    assert_exactly_once!(app.sources.replace_operator_weights, replace(&ann.id, 3),
        refused: replace(&unknown(), 3), other: replace(&ann.id, 4));
    let remove = |operator_id: &str| RemoveOperatorWeightRequest {
        source_id: bot.id.clone(),
        operator_id: operator_id.to_owned(),
        ..Default::default()
    };
    assert_exactly_once!(app.sources.remove_operator_weight, remove(&ann.id),
        refused: remove(&unknown()), other: remove(&unknown()));

    let update = |id: &str, name: &str| UpdateOperatorRequest {
        operator: Some(Operator {
            id: id.to_owned(),
            ..operator(name)
        }),
        ..Default::default()
    };
    assert_exactly_once!(app.operators.update_operator, update(&ann.id, "Anna"),
        refused: update(&unknown(), "Anna"), other: update(&ann.id, "Other"));
    let delete = |id: &str, etag: &str| DeleteOperatorRequest {
        id: id.to_owned(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    assert_exactly_once!(app.operators.delete_operator, delete(&ann.id, ""),
        refused: delete(&unknown(), ""), other: delete(&ann.id, "1"));
}

#[tokio::test]
async fn every_write_of_sources_and_leads_is_done_once() {
    let app = App::start().await;
    let request = CreateSourceRequest {
        source: Some(Source {
            name: "Bot".to_owned(),
            ..Source::default()
        }),
        request_id: request_id(),
    };
    let bot = call!(app.sources.create_source(request.clone())).unwrap();
    assert_eq!(
        call!(app.sources.create_source(request.clone())).unwrap(),
        bot
    );
    let other = CreateSourceRequest {
        source: Some(Source {
            name: "Other".to_owned(),
            ..Source::default()
        }),
        request_id: request.request_id.clone(),
    };
    let outcome = call!(app.sources.create_source(other));
    assert_error(outcome, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let update = |id: &str, name: &str| UpdateSourceRequest {
        source: Some(Source {
            id: id.to_owned(),
            name: name.to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_exactly_once!(app.sources.update_source, update(&bot.id, "New"),
        refused: update(&unknown(), "New"), other: update(&bot.id, "Other"));
    let delete = |id: &str, etag: &str| DeleteSourceRequest {
        id: id.to_owned(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    assert_exactly_once!(app.sources.delete_source, delete(&bot.id, ""),
        refused: delete(&unknown(), ""), other: delete(&bot.id, "1"));

    let named = |id: &str, name: &str| Lead {
        id: id.to_owned(),
        name: name.to_owned(),
        ..Default::default()
    };
    // The id was used by `CreateSource`: each method has its own.
    let request = CreateLeadRequest {
        lead: Some(named("", "Ann")),
        request_id: request.request_id,
    };
    let ann = call!(app.leads.create_lead(request.clone())).unwrap();
    assert_eq!(call!(app.leads.create_lead(request.clone())).unwrap(), ann);
    let other = CreateLeadRequest {
        lead: Some(named("", "Bob")),
        ..request
    };
    let outcome = call!(app.leads.create_lead(other));
    assert_error(outcome, Code::InvalidArgument, "REQUEST_ID_REUSED");
    let update = |id: &str, name: &str| UpdateLeadRequest {
        lead: Some(named(id, name)),
        ..Default::default()
    };
    assert_exactly_once!(app.leads.update_lead, update(&ann.id, "Anna"),
        refused: update(&unknown(), "Anna"), other: update(&ann.id, "Other"));
    let delete = |id: &str, etag: &str| DeleteLeadRequest {
        id: id.to_owned(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    assert_exactly_once!(app.leads.delete_lead, delete(&ann.id, ""),
        refused: delete(&unknown(), ""), other: delete(&ann.id, "1"));
}
