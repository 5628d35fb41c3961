//! Every query on `tasks`; the lists are beside it. Knows nothing of the wire.

mod list;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    dsl::{case_when, exists, now, select},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
pub use list::{Filter, list};

use crate::{
    error::{Error, Resource, Result},
    ids::{DealId, LeadId, TaskId, UserId},
    model::change::TaskFacts,
    platform::{
        db::{Prepared, TenantTx},
        grpc::page::Page,
    },
    schema::tasks,
};

/// A row of `tasks`.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = tasks, check_for_backend(diesel::pg::Pg))]
pub struct Task {
    pub id: TaskId,
    pub deal_id: DealId,
    pub title: String,
    pub description: String,
    pub due_date: Option<NaiveDate>,
    pub assignee_user_id: Option<UserId>,
    pub done_time: Option<DateTime<Utc>>,
    pub revision: i32,
    pub create_time: DateTime<Utc>,
    pub update_time: DateTime<Utc>,
}

impl From<&Task> for TaskFacts {
    fn from(task: &Task) -> Self {
        Self {
            id: task.id,
            deal_id: task.deal_id,
            title: task.title.clone(),
            due_date: task.due_date,
        }
    }
}

/// The fields of a task that callers set.
#[derive(Debug, Clone, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = tasks, treat_none_as_null = true)]
pub struct TaskFields {
    pub title: String,
    pub description: String,
    pub due_date: Option<NaiveDate>,
    pub assignee_user_id: Option<UserId>,
}

impl From<&Task> for TaskFields {
    fn from(task: &Task) -> Self {
        Self {
            title: task.title.clone(),
            description: task.description.clone(),
            due_date: task.due_date,
            assignee_user_id: task.assignee_user_id,
        }
    }
}

pub async fn find(tx: &TenantTx, id: TaskId) -> Result<Task> {
    tasks::table
        .find((tx.organization_id(), id))
        .select(Task::as_select())
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Task, id))
}

/// The task, locked; its deal is locked.
pub async fn lock(tx: &TenantTx, id: TaskId) -> Result<Task> {
    tasks::table
        .find((tx.organization_id(), id))
        .select(Task::as_select())
        .for_no_key_update()
        .first(&mut tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Error::not_found(Resource::Task, id))
}

/// Locks tasks that are assigned to a user, so many at most, in the order of their ids.
pub async fn lock_assigned(
    tx: &TenantTx,
    assignee_user_id: UserId,
    most: i64,
) -> Result<Vec<TaskId>> {
    Ok(tasks::table
        .filter(tasks::organization_id.eq(tx.organization_id()))
        .filter(tasks::assignee_user_id.eq(assignee_user_id))
        .order(tasks::id)
        .limit(most)
        .select(tasks::id)
        .for_no_key_update()
        .load(&mut tx.conn())
        .await?)
}

/// Assigns tasks that are locked to another user.
pub async fn set_assignee(tx: &TenantTx, ids: &[TaskId], assignee_user_id: UserId) -> Result<()> {
    diesel::update(tasks::table)
        .filter(tasks::organization_id.eq(tx.organization_id()))
        .filter(tasks::id.eq_any(ids))
        .set((
            tasks::assignee_user_id.eq(assignee_user_id),
            tasks::revision.eq(tasks::revision + 1),
            tasks::update_time.eq(now),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Inserts a task with this id, of a deal that is locked.
pub async fn insert(
    tx: &TenantTx,
    id: TaskId,
    deal_id: DealId,
    fields: &TaskFields,
) -> Result<Task> {
    Ok(diesel::insert_into(tasks::table)
        .values((
            tasks::organization_id.eq(tx.organization_id()),
            tasks::id.eq(id),
            tasks::deal_id.eq(deal_id),
            fields,
        ))
        .returning(Task::as_select())
        .get_result(&mut tx.conn())
        .await?)
}

/// Changes a task that is locked.
pub async fn update(tx: &TenantTx, id: TaskId, fields: &TaskFields) -> Result<Task> {
    Ok(
        diesel::update(tasks::table.find((tx.organization_id(), id)))
            .set((
                fields,
                tasks::revision.eq(tasks::revision + 1),
                tasks::update_time.eq(now),
            ))
            .returning(Task::as_select())
            .get_result(&mut tx.conn())
            .await?,
    )
}

/// Marks a task that is locked done, or not done.
pub async fn set_done(tx: &TenantTx, id: TaskId, done: bool) -> Result<Task> {
    let time = case_when(done.into_sql::<Bool>(), now.into_sql::<Timestamptz>());
    let query = diesel::update(tasks::table.find((tx.organization_id(), id)))
        .set((
            tasks::done_time.eq(time),
            tasks::revision.eq(tasks::revision + 1),
            tasks::update_time.eq(now),
        ))
        .returning(Task::as_select());
    Ok(Prepared(query).get_result(&mut tx.conn()).await?)
}

/// Whether the user is to do one of the deal's tasks, or has done it.
pub async fn is_assignee(tx: &TenantTx, deal_id: DealId, user_id: UserId) -> Result<bool> {
    let of_deal = tasks::table
        .filter(tasks::organization_id.eq(tx.organization_id()))
        .filter(tasks::deal_id.eq(deal_id))
        .filter(tasks::assignee_user_id.eq(user_id));
    Ok(select(exists(of_deal)).get_result(&mut tx.conn()).await?)
}

/// Deletes a task that is locked.
pub async fn delete(tx: &TenantTx, id: TaskId) -> Result<()> {
    diesel::delete(tasks::table.find((tx.organization_id(), id)))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// A page of the tasks of a lead's deals, newest first, as far as an answer has room.
pub async fn of_lead(tx: &TenantTx, lead_id: LeadId, page: Page) -> Result<Vec<Task>> {
    let rows = "SELECT t.* FROM deals AS d, LATERAL (
             SELECT * FROM tasks WHERE organization_id = $1 AND deal_id = d.id AND id < $3
             ORDER BY id DESC LIMIT $4) AS t
         WHERE d.organization_id = $1 AND d.lead_id = $2
         ORDER BY t.id DESC LIMIT $4";
    let texts = "octet_length(title) + octet_length(description)";
    let query = sql_query(page.bounded(rows, "*", texts, "id DESC"))
        .bind::<SqlUuid, _>(tx.organization_id())
        .bind::<SqlUuid, _>(lead_id)
        .bind::<SqlUuid, _>(page.bounds().1)
        .bind::<BigInt, _>(page.fetch);
    Ok(Prepared(query).get_results(&mut tx.conn()).await?)
}

/// Replaces what the tasks of these deals say.
pub async fn erase_of_deals(tx: &TenantTx, deal_ids: &[DealId], erased: &str) -> Result<()> {
    diesel::update(tasks::table)
        .filter(tasks::organization_id.eq(tx.organization_id()))
        .filter(tasks::deal_id.eq_any(deal_ids))
        .set((
            tasks::title.eq(erased),
            tasks::description.eq(""),
            tasks::revision.eq(tasks::revision + 1),
            tasks::update_time.eq(now),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}
