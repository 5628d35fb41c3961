//! Tasks and timelines.

use minicrm::proto::{
    CompleteTaskRequest, CreateCommentRequest, CreateTaskRequest, Date, DeleteTaskRequest,
    GetTaskRequest, ListActivitiesRequest, ListTasksRequest, ReopenTaskRequest, Task,
    UpdateTaskRequest,
};
use tonic::Code;

use super::{bad, x};
use crate::support::{App, assert_error, assert_invalid, call, mask};

#[tokio::test]
async fn tasks_are_checked() {
    let app = App::start().await;
    let date = Some(Date {
        year: 2100,
        month: 2,
        day: 30,
    });
    let wrong = Task {
        deal_id: bad(),
        title: "a\nb".to_owned(),
        description: x(10_001),
        due_date: date,
        assignee_user_id: bad(),
        ..Task::default()
    };
    let fields = [
        "task.deal_id",
        "task.title",
        "task.description",
        "task.due_date",
        "task.assignee_user_id",
        "request_id",
    ];
    let create = |task: Task| CreateTaskRequest {
        task: Some(task),
        request_id: bad(),
    };
    let update = |task: Task, paths: &[&str]| UpdateTaskRequest {
        task: Some(task),
        update_mask: mask(paths),
        request_id: bad(),
    };
    let nothing = ["task.deal_id", "task.title", "request_id"];
    let list = ListTasksRequest {
        page_size: -1,
        page_token: bad(),
        deal_id: bad(),
        assignee_user_id: bad(),
        due_before: date,
        due_after: Some(Date::default()),
        order_by: "title".to_owned(),
        ..Default::default()
    };
    macro_rules! by_id {
        ($($method:ident($request:ident);)*) => {$(
            let request = $request { id: bad(), request_id: bad(), ..Default::default() };
            assert_invalid(call!(app.tasks.$method(request)), &["id", "request_id"]);
        )*};
    }
    by_id! {
        complete_task(CompleteTaskRequest);
        reopen_task(ReopenTaskRequest);
        delete_task(DeleteTaskRequest);
    }
    assert_required! {
        app.tasks.create_task(CreateTaskRequest) => "task";
        app.tasks.update_task(UpdateTaskRequest) => "task";
        app.tasks.get_task(GetTaskRequest) => "id";
    }
    assert_refused! {
        app.tasks.create_task(create(wrong.clone())) => fields;
        app.tasks.create_task(create(Task::default())) => nothing;
        app.tasks.update_task(update(wrong, &[])) => [&fields[..], &["task.id"]].concat();
        app.tasks.update_task(update(Task::default(), &["title", "done", "nothing"])) =>
            ["task.id", "task.title", "update_mask", "update_mask", "request_id"];
        app.tasks.list_tasks(list) => ["page_size", "page_token", "deal_id", "assignee_user_id",
            "due_before", "due_after", "order_by"];
    }
    let deal_id = app.deal("Deal").await.id;
    let widest = Task {
        deal_id: deal_id.clone(),
        title: x(255),
        description: x(10_000),
        ..Task::default()
    };
    app.create_task(widest.clone()).await.unwrap();
    let wider = Task {
        title: x(256),
        ..widest
    };
    assert_invalid(app.create_task(wider).await, &["task.title"]);
}

#[tokio::test]
async fn timelines_are_checked() {
    let app = App::start().await;
    let comment = CreateCommentRequest {
        deal_id: bad(),
        text: x(10_001),
        request_id: bad(),
    };
    let list = ListActivitiesRequest {
        page_size: -1,
        page_token: bad(),
        deal_id: bad(),
        ..Default::default()
    };
    assert_refused! {
        app.activities.create_comment(comment) => ["deal_id", "text", "request_id"];
        app.activities.create_comment(CreateCommentRequest::default()) => ["deal_id", "text"];
        app.activities.list_activities(list) => ["page_size", "page_token", "deal_id"];
        app.activities.list_activities(ListActivitiesRequest::default()) => ["deal_id"];
    }
}
