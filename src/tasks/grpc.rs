//! The edge of `TaskService`: checks requests, runs them, answers. Updates and
//! lists are beside it.

use std::sync::Arc;

use chrono::NaiveDate;
use tonic::Request;
use uuid::Uuid;

use super::{
    change::update_task,
    list::list_tasks,
    store::{self, Task, Values},
};
use crate::{
    activities::{self, Payload, TaskFacts},
    call::{
        App, Context,
        reply::{Rpc, reply},
    },
    deals,
    error::{Error, Result},
    organizations,
    platform::{
        db::Conn,
        grpc::validate::{MAX_MESSAGE, Violations},
        idempotency::Claim,
    },
    proto::{
        self, CompleteTaskRequest, CreateTaskRequest, DeleteTaskRequest, GetTaskRequest,
        ListTasksRequest, ListTasksResponse, ReopenTaskRequest, UpdateTaskRequest,
        task_service_server::TaskService,
    },
};

/// Longest title, in characters.
pub const MAX_TITLE: usize = 255;
/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = MAX_MESSAGE;

/// Serves `TaskService`.
pub struct Tasks(pub Arc<App>);

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
    let claim = Claim::parse(v, "CreateTask", &request.request_id, &request);
    let task = v.required("task", request.task)?;
    let (id, deal_id) = (Uuid::now_v7(), v.id("task.deal_id", &task.deal_id));
    let values = Values {
        title: v.required_line("task.title", &task.title, MAX_TITLE),
        description: v.lines("task.description", &task.description, MAX_DESCRIPTION),
        due_date: v.date("task.due_date", task.due_date),
        assignee_user_id: v.optional_id("task.assignee_user_id", &task.assignee_user_id),
    };
    violations.finish()?;
    let (context, values) = (&context, &values);
    context
        .write(claim, id, async |conn| {
            let organization_id = context.organization_id;
            let deal = deals::store::lock(conn, organization_id, deal_id).await?;
            context.check_own(deal.owner_user_id)?;
            context.check_member(conn, values.assignee_user_id).await?;
            check_due(context, conn, values.due_date).await?;
            let task = store::insert(conn, organization_id, id, deal_id, values).await?;
            let happened = Payload::TaskCreated(facts(&task));
            record(context, conn, deal_id, happened).await?;
            Ok(task.into())
        })
        .await
}

async fn get_task(context: Context, request: GetTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let organization_id = context.organization_id;
    context
        .read(async |conn| Ok(store::find(conn, organization_id, id).await?.into()))
        .await
}

async fn complete_task(context: Context, request: CompleteTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let claim = Claim::parse(
        &mut violations,
        "CompleteTask",
        &request.request_id,
        &request,
    );
    let id = violations.id("id", &request.id);
    violations.finish()?;
    set_done(&context, claim, id, &request.etag, true).await
}

async fn reopen_task(context: Context, request: ReopenTaskRequest) -> Result<proto::Task> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "ReopenTask", &request.request_id, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    set_done(&context, claim, id, &request.etag, false).await
}

/// Marks a task done or not, and says so on the timeline, unless it is already.
async fn set_done(
    context: &Context,
    claim: Option<Claim>,
    id: Uuid,
    etag: &str,
    done: bool,
) -> Result<proto::Task> {
    context
        .write(claim, id, async |conn| {
            let task = lock_with(context, conn, id, etag, Owner::DealOrAssignee).await?;
            if task.done_time.is_some() == done {
                conn.unchanged();
                return Ok(task.into());
            }
            let task = store::set_done(conn, context.organization_id, id, done).await?;
            let happened = if done {
                Payload::TaskCompleted(facts(&task))
            } else {
                Payload::TaskReopened(facts(&task))
            };
            record(context, conn, task.deal_id, happened).await?;
            Ok(task.into())
        })
        .await
}

async fn delete_task(context: Context, request: DeleteTaskRequest) -> Result<()> {
    let mut violations = Violations::new();
    let claim = Claim::parse(&mut violations, "DeleteTask", &request.request_id, &request);
    let id = violations.id("id", &request.id);
    violations.finish()?;
    let (context, etag) = (&context, &request.etag);
    context
        .write(claim, id, async |conn| {
            let task = lock(context, conn, id, etag).await?;
            store::delete(conn, context.organization_id, id).await?;
            let happened = Payload::TaskDeleted(facts(&task));
            record(context, conn, task.deal_id, happened).await
        })
        .await
}

/// Whose a task is, for what is to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Its deal's owner's.
    Deal,
    /// Theirs, and whose it is to do.
    DealOrAssignee,
}

/// The task, locked after its deal, if the caller may change it.
pub async fn lock(context: &Context, conn: &Conn, id: Uuid, etag: &str) -> Result<Task> {
    lock_with(context, conn, id, etag, Owner::Deal).await
}

async fn lock_with(
    context: &Context,
    conn: &Conn,
    id: Uuid,
    etag: &str,
    owner: Owner,
) -> Result<Task> {
    let organization_id = context.organization_id;
    let task = store::find(conn, organization_id, id).await?;
    let deal = deals::store::lock(conn, organization_id, task.deal_id).await?;
    let task = store::lock(conn, organization_id, id).await?;
    let assigned =
        owner == Owner::DealOrAssignee && context.check_own(task.assignee_user_id).is_ok();
    if !assigned {
        context.check_own(deal.owner_user_id)?;
    }
    Error::check_etag("task", id, etag, task.revision)?;
    Ok(task)
}

/// Refuses a day that is over.
pub async fn check_due(context: &Context, conn: &Conn, due: Option<NaiveDate>) -> Result<()> {
    let Some(due) = due else { return Ok(()) };
    let mut violations = Violations::new();
    if due < organizations::store::today(conn, context.organization_id).await? {
        violations.add("task.due_date", "is before today");
    }
    violations.finish()
}

/// What the timeline says of a task.
fn facts(task: &Task) -> TaskFacts {
    TaskFacts {
        task_id: task.id,
        title: task.title.clone(),
        due_date: task.due_date.map(|day| day.to_string()),
    }
}

/// Writes the timeline of a deal that is locked.
pub async fn record(
    context: &Context,
    conn: &Conn,
    deal_id: Uuid,
    happened: Payload,
) -> Result<()> {
    let (organization_id, author) = (context.organization_id, context.identity.user_id());
    activities::store::record(conn, organization_id, deal_id, author, &[happened]).await?;
    Ok(())
}
