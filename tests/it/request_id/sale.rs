//! The writes of deals, tasks and timelines.

use minicrm::proto::{
    CompleteTaskRequest, CreateCommentRequest, CreateDealRequest, CreateTaskRequest, Deal,
    DealStage, DealStatus, DeleteDealRequest, DeleteTaskRequest, ReopenDealRequest,
    ReopenTaskRequest, Task, UpdateDealRequest, UpdateTaskRequest,
};
use tonic::Code;

use super::{everything, unknown};
use crate::support::{App, assert_error, assert_invalid, call, request_id};

#[tokio::test]
async fn every_write_of_deals_is_done_once() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let create = |lead_id: &str, title: &str| CreateDealRequest {
        deal: Some(Deal {
            lead_id: lead_id.to_owned(),
            title: title.to_owned(),
            ..Deal::default()
        }),
        ..Default::default()
    };
    assert_exactly_once!(app.deals.create_deal, create(&deal.lead_id, "New"),
        refused: create(&unknown(), "New"), other: create(&deal.lead_id, "Other"));
    let update = |id: &str, status: DealStatus| UpdateDealRequest {
        deal: Some(Deal {
            id: id.to_owned(),
            status: status.into(),
            ..Deal::default()
        }),
        ..Default::default()
    };
    assert_exactly_once!(app.deals.update_deal, update(&deal.id, DealStatus::Lost),
        refused: update(&unknown(), DealStatus::Lost),
        other: update(&deal.id, DealStatus::New));
    let reopen = |id: &str, stage: DealStage| ReopenDealRequest {
        id: id.to_owned(),
        stage: stage.into(),
        ..Default::default()
    };
    assert_exactly_once!(app.deals.reopen_deal, reopen(&deal.id, DealStage::Proposal),
        refused: reopen(&unknown(), DealStage::Proposal),
        other: reopen(&deal.id, DealStage::Negotiation));
    let delete = |id: &str, etag: &str| DeleteDealRequest {
        id: id.to_owned(),
        etag: etag.to_owned(),
        ..Default::default()
    };
    assert_exactly_once!(app.deals.delete_deal, delete(&deal.id, ""),
        refused: delete(&unknown(), ""), other: delete(&deal.id, "1"));
    app.assert_invariants().await;
}

#[tokio::test]
async fn every_write_of_tasks_and_timelines_is_done_once() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let create = |deal_id: &str, title: &str| CreateTaskRequest {
        task: Some(Task {
            deal_id: deal_id.to_owned(),
            title: title.to_owned(),
            ..Task::default()
        }),
        ..Default::default()
    };
    let made = assert_exactly_once!(app.tasks.create_task, create(&deal.id, "Call"),
        refused: create(&unknown(), "Call"), other: create(&deal.id, "Other"));
    let update = |id: &str, title: &str| UpdateTaskRequest {
        task: Some(Task {
            id: id.to_owned(),
            title: title.to_owned(),
            ..Task::default()
        }),
        ..Default::default()
    };
    assert_exactly_once!(app.tasks.update_task, update(&made.id, "Write"),
        refused: update(&unknown(), "Write"), other: update(&made.id, "Other"));
    macro_rules! by_id {
        ($method:ident($request:ident)) => {{
            let request = |id: &str, etag: &str| $request {
                id: id.to_owned(),
                etag: etag.to_owned(),
                ..Default::default()
            };
            assert_exactly_once!(app.tasks.$method, request(&made.id, ""),
                refused: request(&unknown(), ""), other: request(&made.id, "1"));
        }};
    }
    by_id!(complete_task(CompleteTaskRequest));
    by_id!(reopen_task(ReopenTaskRequest));
    by_id!(delete_task(DeleteTaskRequest));
    let comment = |deal_id: &str, text: &str| CreateCommentRequest {
        deal_id: deal_id.to_owned(),
        text: text.to_owned(),
        ..Default::default()
    };
    assert_exactly_once!(app.activities.create_comment, comment(&deal.id, "Hello"),
        refused: comment(&unknown(), "Hello"), other: comment(&deal.id, "Other"));
}
