//! `TaskService.UpdateTask`.

use super::lock::lock;
use crate::{
    call::Context,
    error::Result,
    model::Change as Happened,
    platform::{
        grpc::{mask::Mask, validate::Violations},
        idempotency::IdempotencyKey,
    },
    proto::{self, UpdateTaskRequest},
    tasks::{
        MAX_DESCRIPTION, MAX_TITLE,
        change::Change,
        service::check_due,
        store::{self, TaskFields},
    },
};

fn parse(v: &mut Violations, task: &proto::Task, mask: &Mask) -> Change {
    Change {
        deal_id: mask.then("deal_id", || v.optional_id("task.deal_id", &task.deal_id)),
        title: mask.then("title", || {
            v.required_line("task.title", &task.title, MAX_TITLE)
        }),
        description: mask.then("description", || {
            v.lines("task.description", &task.description, MAX_DESCRIPTION)
        }),
        due_date: mask.then("due_date", || v.date("task.due_date", task.due_date)),
        assignee_user_id: mask.then("assignee_user_id", || {
            v.optional_id("task.assignee_user_id", &task.assignee_user_id)
        }),
    }
}

pub async fn update_task(context: Context, request: UpdateTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let task = violations.required("task", request.task)?;
    let id = violations.id("task.id", &task.id);
    let fields = [
        ("deal_id", !task.deal_id.is_empty()),
        ("title", !task.title.is_empty()),
        ("description", !task.description.is_empty()),
        ("due_date", task.due_date.is_some()),
        ("assignee_user_id", !task.assignee_user_id.is_empty()),
    ];
    let elsewhere = [
        ("done", "CompleteTask and ReopenTask"),
        ("done_time", "CompleteTask and ReopenTask"),
    ];
    let mask = request.update_mask.as_ref();
    let mask = Mask::parse::<proto::Task>(&mut violations, mask, &fields, &elsewhere);
    let change = parse(&mut violations, &task, &mask);
    violations.finish()?;

    let (context, change, etag) = (&context, &change, &task.etag);
    context
        .write(idempotency_key, async |tx| {
            let task = lock(context, tx, id, etag).await?;
            let fields = change.apply(&task)?;
            if fields.assignee_user_id != task.assignee_user_id {
                context.check_member(tx, fields.assignee_user_id).await?;
            }
            if task.done_time.is_none() && fields.due_date != task.due_date {
                check_due(tx, fields.due_date).await?;
            }
            if fields == TaskFields::from(&task) {
                return Ok(task.into());
            }
            let before = task;
            let task = store::update(tx, id, &fields).await?;
            tx.record(Happened::TaskChanged {
                before: (&before).into(),
                after: (&task).into(),
            });
            Ok(task.into())
        })
        .await
}
