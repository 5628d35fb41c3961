//! A task that is to be changed.

use crate::{
    call::Context,
    deals,
    error::{Error, Resource, Result},
    ids::TaskId,
    platform::db::TenantTx,
    tasks::store::{self, Task},
};

/// Whose a task is, for what is to be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Its deal's owner's.
    Deal,
    /// Theirs, and whose it is to do.
    DealOrAssignee,
}

/// The task, locked after its deal, if the caller may change it.
pub async fn lock(context: &Context, tx: &TenantTx, id: TaskId, etag: &str) -> Result<Task> {
    lock_with(context, tx, id, etag, Owner::Deal).await
}

pub async fn lock_with(
    context: &Context,
    tx: &TenantTx,
    id: TaskId,
    etag: &str,
    owner: Owner,
) -> Result<Task> {
    let task = store::find(tx, id).await?;
    let deal = deals::store::lock(tx, task.deal_id).await?;
    let task = store::lock(tx, id).await?;
    let assigned =
        owner == Owner::DealOrAssignee && context.check_own(task.assignee_user_id).is_ok();
    if !assigned {
        context.check_own(deal.owner_user_id)?;
    }
    Error::check_etag(Resource::Task, id, etag, task.revision)?;
    Ok(task)
}
