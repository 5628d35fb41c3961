//! `TaskService`: a function per method, in the file of its name if not here.

mod change;
mod convert;
mod list;
mod lock;

use std::sync::Arc;

use tonic::Request;

use self::{
    change::update_task,
    list::list_tasks,
    lock::{Owner, lock, lock_with},
};
use crate::{
    call::{
        Context, Frame,
        reply::{Rpc, reply},
    },
    deals,
    error::Result,
    ids::TaskId,
    model::Change,
    platform::{grpc::validate::Violations, idempotency::IdempotencyKey},
    proto::{
        self, CompleteTaskRequest, CreateTaskRequest, DeleteTaskRequest, GetTaskRequest,
        ListTasksRequest, ListTasksResponse, ReopenTaskRequest, UpdateTaskRequest,
        task_service_server::TaskService,
    },
    tasks::{
        MAX_DESCRIPTION, MAX_TITLE,
        service::check_due,
        store::{self, TaskFields},
    },
};

/// Serves `TaskService`.
pub struct Tasks(pub Arc<Frame>);

#[tonic::async_trait]
impl TaskService for Tasks {
    async fn create_task(&self, r: Request<CreateTaskRequest>) -> Rpc<proto::Task> {
        reply(&self.0, r, create_task).await
    }

    async fn get_task(&self, r: Request<GetTaskRequest>) -> Rpc<proto::Task> {
        reply(&self.0, r, get_task).await
    }

    async fn list_tasks(&self, r: Request<ListTasksRequest>) -> Rpc<ListTasksResponse> {
        reply(&self.0, r, list_tasks).await
    }

    async fn update_task(&self, r: Request<UpdateTaskRequest>) -> Rpc<proto::Task> {
        reply(&self.0, r, update_task).await
    }

    async fn complete_task(&self, r: Request<CompleteTaskRequest>) -> Rpc<proto::Task> {
        reply(&self.0, r, complete_task).await
    }

    async fn reopen_task(&self, r: Request<ReopenTaskRequest>) -> Rpc<proto::Task> {
        reply(&self.0, r, reopen_task).await
    }

    async fn delete_task(&self, r: Request<DeleteTaskRequest>) -> Rpc<()> {
        reply(&self.0, r, delete_task).await
    }
}

async fn create_task(context: Context, request: CreateTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let v = &mut violations;
    let idempotency_key = IdempotencyKey::of(v, &request);
    let task = v.required("task", request.task)?;
    let (id, deal_id) = (TaskId::generate(), v.id("task.deal_id", &task.deal_id));
    let fields = TaskFields {
        title: v.required_line("task.title", &task.title, MAX_TITLE),
        description: v.lines("task.description", &task.description, MAX_DESCRIPTION),
        due_date: v.date("task.due_date", task.due_date),
        assignee_user_id: v.optional_id("task.assignee_user_id", &task.assignee_user_id),
    };
    violations.finish()?;
    let (context, fields) = (&context, &fields);
    context
        .write(idempotency_key, async |tx| {
            let deal = deals::store::lock(tx, deal_id).await?;
            context.check_own(deal.owner_user_id)?;
            context.check_member(tx, fields.assignee_user_id).await?;
            check_due(tx, fields.due_date).await?;
            let task = store::insert(tx, id, deal_id, fields).await?;
            tx.record(Change::TaskCreated((&task).into()));
            Ok(task.into())
        })
        .await
}

async fn get_task(context: Context, request: GetTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    context
        .read(async |tx| Ok(store::find(tx, id).await?.into()))
        .await
}

async fn complete_task(context: Context, request: CompleteTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    set_done(&context, idempotency_key, id, &request.etag, true).await
}

async fn reopen_task(context: Context, request: ReopenTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    set_done(&context, idempotency_key, id, &request.etag, false).await
}

/// Marks a task done or not, and says so on the timeline, unless it is already.
async fn set_done(
    context: &Context,
    idempotency_key: Option<IdempotencyKey>,
    id: TaskId,
    etag: &str,
    done: bool,
) -> Result<proto::Task> {
    context
        .write(idempotency_key, async |tx| {
            let task = lock_with(context, tx, id, etag, Owner::DealOrAssignee).await?;
            if task.done_time.is_some() == done {
                return Ok(task.into());
            }
            let task = store::set_done(tx, id, done).await?;
            let facts = (&task).into();
            tx.record(if done {
                Change::TaskCompleted(facts)
            } else {
                Change::TaskReopened(facts)
            });
            Ok(task.into())
        })
        .await
}

async fn delete_task(context: Context, request: DeleteTaskRequest) -> Result<()> {
    let mut violations = Violations::new();
    let idempotency_key = IdempotencyKey::of(&mut violations, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let (context, etag) = (&context, &request.etag);
    context
        .write(idempotency_key, async |tx| {
            let task = lock(context, tx, id, etag).await?;
            store::delete(tx, id).await?;
            tx.record(Change::TaskDeleted((&task).into()));
            Ok(())
        })
        .await
}
