//! What becomes of a task.

use minicrm::proto::{
    CompleteTaskRequest, DeleteDealRequest, DeleteTaskRequest, GetTaskRequest,
    ListActivitiesRequest, ReopenTaskRequest, Task, activity::Payload,
};
use tonic::Code;
use uuid::Uuid;

use super::{complete, day, delete, get, reopen, task, update};
use crate::support::{App, assert_error, assert_invalid, call};

/// Mutant: what is done already is done again.
#[tokio::test]
async fn a_task_is_done_and_not_done_once() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let made = app.task(&deal, "Call").await;
    assert_eq!((made.done, made.done_time, &*made.etag), (false, None, "1"));
    assert_eq!(reopen(&app, &made).await.unwrap(), made);

    let done = complete(&app, &made).await.unwrap();
    assert!(done.done && done.done_time.is_some() && done.done_time == done.update_time);
    assert_eq!(done.etag, "2");
    assert_eq!(complete(&app, &made).await.unwrap(), done);
    let renamed = Task {
        title: "Write".to_owned(),
        ..Task::default()
    };
    let renamed = update(&app, &made, renamed, &[]).await.unwrap();
    assert_eq!(renamed.done_time, done.done_time);
    let again = reopen(&app, &made).await.unwrap();
    assert_eq!(
        (again.done, again.done_time, &*again.etag),
        (false, None, "4")
    );
    assert_eq!(get(&app, &made).await.unwrap(), again);
    delete(&app, &made).await.unwrap();
    assert_error(get(&app, &made).await, Code::NotFound, "RESOURCE_NOT_FOUND");

    // The timeline says so still, with the title as it was.
    let happened: Vec<_> = app
        .timeline(&deal)
        .await
        .into_iter()
        .rev()
        .skip(1)
        .map(|activity| match activity.payload.unwrap() {
            Payload::TaskCreated(task) => ("created", task.task_id, task.title),
            Payload::TaskCompleted(task) => ("completed", task.task_id, task.title),
            Payload::TaskReopened(task) => ("reopened", task.task_id, task.title),
            Payload::TaskDeleted(task) => ("deleted", task.task_id, task.title),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        ("created", "Call"),
        ("completed", "Call"),
        ("reopened", "Write"),
        ("deleted", "Write"),
    ]
    .map(|(what, title)| (what, made.id.clone(), title.to_owned()));
    assert_eq!(happened, expected);
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let whole = Task {
        title: " Cafe\u{301} ".to_owned(),
        description: "One\n\tTwo".to_owned(),
        assignee_user_id: Uuid::now_v7().to_string(),
        done: true,
        etag: "7".to_owned(),
        ..task(&deal)
    };
    let made = app.create_task(whole.clone()).await.unwrap();
    assert_eq!(made.title, "Caf\u{e9}");
    assert_eq!(made.description, whole.description);
    assert_eq!(made.assignee_user_id, whole.assignee_user_id);
    assert!(!made.done, "output only");

    let same = update(&app, &made, Task::default(), &[]).await.unwrap();
    assert_eq!(same, made, "nothing is named");
    let cleared = update(
        &app,
        &made,
        Task::default(),
        &["description", "assignee_user_id"],
    );
    let cleared = cleared.await.unwrap();
    assert_eq!(
        (&*cleared.description, &*cleared.assignee_user_id),
        ("", "")
    );
    assert_eq!((&cleared.title, &*cleared.etag), (&made.title, "2"));
    let stale = Task {
        title: "New".to_owned(),
        etag: made.etag.clone(),
        ..Task::default()
    };
    let outcome = update(&app, &made, stale, &["title"]).await;
    assert_error(outcome, Code::Aborted, "ETAG_MISMATCH");
    let other = app.deal("Other").await;
    for (deal_id, fields) in [(&other.id, &["task.deal_id"][..]), (&deal.id, &[])] {
        let change = Task {
            deal_id: deal_id.clone(),
            ..Task::default()
        };
        let outcome = update(&app, &made, change, &["deal_id"]).await;
        if fields.is_empty() {
            assert_eq!(outcome.unwrap().deal_id, deal.id);
        } else {
            assert_invalid(outcome, fields);
        }
    }
    assert_invalid(
        update(&app, &made, Task::default(), &["*"]).await,
        &["task.title"],
    );
}

#[tokio::test]
async fn etags_guard_every_change() {
    let app = App::start().await;
    let made = app.task(&app.deal("Deal").await, "Call").await;
    let (id, etag) = (made.id.clone(), "7".to_owned());
    macro_rules! stale {
        ($($method:ident($request:ident);)*) => {$(
            let request = $request { id: id.clone(), etag: etag.clone(), ..Default::default() };
            assert_error(call!(app.tasks.$method(request)), Code::Aborted, "ETAG_MISMATCH");
        )*};
    }
    stale! {
        complete_task(CompleteTaskRequest);
        reopen_task(ReopenTaskRequest);
        delete_task(DeleteTaskRequest);
    }
    assert_eq!(get(&app, &made).await.unwrap(), made);
}

/// Mutant: keys without ON DELETE CASCADE.
#[tokio::test]
async fn tasks_and_timeline_end_with_their_deal() {
    let app = App::start().await;
    let (deal, other) = (app.deal("Deal").await, app.deal("Other").await);
    let (made, kept) = (
        app.task(&deal, "Call").await,
        app.task(&other, "Call").await,
    );
    let request = DeleteDealRequest {
        id: deal.id.clone(),
        ..Default::default()
    };
    call!(app.deals.delete_deal(request)).unwrap();
    let gone = [
        get(&app, &made).await.map(drop),
        complete(&app, &made).await.map(drop),
        delete(&app, &made).await,
        app.create_task(task(&deal)).await.map(drop),
        app.comment(&deal, "Gone").await.map(drop),
        call!(app.activities.list_activities(ListActivitiesRequest {
            deal_id: deal.id.clone(),
            ..Default::default()
        }))
        .map(drop),
    ];
    for outcome in gone {
        assert_error(outcome, Code::NotFound, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(app.count("SELECT FROM tasks").await, 1);
    assert_eq!(app.count("SELECT FROM activities").await, 2);
    let id = kept.id.clone();
    call!(app.tasks.get_task(GetTaskRequest { id })).unwrap();
}

/// Mutant: the new kinds written as they are called, which the version before fails on.
#[tokio::test]
async fn the_timeline_says_when_a_task_is_due() {
    let app = App::start().await;
    let deal = app.deal("Deal").await;
    let [first, second] = [day(&app, "UTC", 3).await, day(&app, "UTC", 5).await];
    let made = Task {
        due_date: Some(first),
        ..task(&deal)
    };
    let made = app.create_task(made).await.unwrap();
    let moved = Task {
        due_date: Some(second),
        ..Task::default()
    };
    update(&app, &made, moved, &["due_date"]).await.unwrap();
    complete(&app, &made).await.unwrap();
    reopen(&app, &made).await.unwrap();
    update(&app, &made, Task::default(), &["due_date"])
        .await
        .unwrap();
    delete(&app, &made).await.unwrap();
    let timeline = app.timeline(&deal).await.into_iter().rev().skip(1);
    let happened = timeline.map(|activity| match activity.payload.unwrap() {
        Payload::TaskCreated(task) => ("created", task.due_date, None),
        Payload::TaskCompleted(task) => ("completed", task.due_date, None),
        Payload::TaskReopened(task) => ("reopened", task.due_date, None),
        Payload::TaskDeleted(task) => ("deleted", task.due_date, None),
        Payload::TaskDueDateChanged(task) => ("moved", task.old_due_date, task.new_due_date),
        other => panic!("{other:?}"),
    });
    let (first, second) = (Some(first), Some(second));
    let expected = [
        ("created", first, None),
        ("moved", first, second),
        ("completed", second, None),
        ("reopened", second, None),
        ("moved", second, None),
        ("deleted", None, None),
    ];
    assert_eq!(happened.collect::<Vec<_>>(), expected);
    // What the version before knows.
    let types = "'DEAL_CREATED', 'TASK_CREATED', 'TASK_COMPLETED', 'TASK_REOPENED'";
    let unknown = format!("SELECT FROM activities WHERE payload ->> 'type' NOT IN ({types})");
    assert_eq!(app.count(&unknown).await, 0);
}
