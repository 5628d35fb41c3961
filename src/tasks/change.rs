//! `TaskService.UpdateTask`.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{
    grpc::{MAX_DESCRIPTION, MAX_TITLE, check_due, lock, record},
    store::{self, Task, Values},
};
use crate::{
    activities::Payload,
    call::Context,
    error::Result,
    platform::{
        db::Conn,
        grpc::{mask::Mask, validate::Violations},
        idempotency::Claim,
    },
    proto::{self, UpdateTaskRequest},
};

/// What an update changes: fields that are absent stay.
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
struct Change {
    deal_id: Option<Option<Uuid>>,
    title: Option<String>,
    description: Option<String>,
    due_date: Option<Option<NaiveDate>>,
    assignee_user_id: Option<Option<Uuid>>,
}

impl Change {
    fn parse(v: &mut Violations, task: &proto::Task, mask: &Mask) -> Self {
        Self {
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

    /// The values of this task after the change, by the rules.
    async fn apply(&self, context: &Context, conn: &Conn, task: &Task) -> Result<Values> {
        let mut violations = Violations::new();
        if self.deal_id.flatten().is_some_and(|id| id != task.deal_id) {
            violations.add("task.deal_id", "cannot be changed");
        }
        violations.finish()?;
        let before = Values::from(task);
        let values = Values {
            title: self.title.clone().unwrap_or(before.title),
            description: self.description.clone().unwrap_or(before.description),
            due_date: self.due_date.unwrap_or(before.due_date),
            assignee_user_id: self.assignee_user_id.unwrap_or(before.assignee_user_id),
        };
        if values.assignee_user_id != task.assignee_user_id {
            context.check_member(conn, values.assignee_user_id).await?;
        }
        if task.done_time.is_none() && values.due_date != task.due_date {
            check_due(context, conn, values.due_date).await?;
        }
        Ok(values)
    }
}

pub async fn update_task(context: Context, request: UpdateTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "UpdateTask", &request.request_id, &request);
    let task = violations.required("task", request.task)?;
    let id = violations.id("task.id", &task.id);
    let fields = [
        ("deal_id", !task.deal_id.is_empty()),
        ("title", !task.title.is_empty()),
        ("description", !task.description.is_empty()),
        ("due_date", task.due_date.is_some()),
        ("assignee_user_id", !task.assignee_user_id.is_empty()),
    ];
    let output_only = [
        ("id", ""),
        ("done", "CompleteTask and ReopenTask"),
        ("done_time", "CompleteTask and ReopenTask"),
        ("create_time", ""),
        ("update_time", ""),
    ];
    let mask = request.update_mask.as_ref();
    let mask = Mask::parse(&mut violations, mask, &fields, &output_only);
    let change = Change::parse(&mut violations, &task, &mask);
    violations.finish()?;

    let (context, change, etag) = (&context, &change, &task.etag);
    context
        .write(claim, id, async |conn| {
            let task = lock(context, conn, id, etag).await?;
            let values = change.apply(context, conn, &task).await?;
            if values == Values::from(&task) {
                conn.unchanged();
                return Ok(task.into());
            }
            let before = task;
            let task = store::update(conn, context.organization_id, id, &values).await?;
            if task.due_date != before.due_date {
                let happened = Payload::TaskDueDateChanged {
                    task_id: id,
                    title: task.title.clone(),
                    old_due_date: before.due_date.map(|day| day.to_string()),
                    new_due_date: task.due_date.map(|day| day.to_string()),
                };
                record(context, conn, task.deal_id, happened).await?;
            }
            Ok(task.into())
        })
        .await
}
