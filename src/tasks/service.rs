//! What tasks have in common when they change: their due dates, and what the timeline of
//! their deal says of them.

use chrono::NaiveDate;

use super::store::Task;
use crate::{
    activities::{self, Payload, TaskFacts},
    error::Result,
    ids::{DealId, UserId},
    organizations,
    platform::{db::TenantTx, grpc::validate::Violations},
};

/// Refuses a day that is over.
pub async fn check_due(tx: &TenantTx, due: Option<NaiveDate>) -> Result<()> {
    let Some(due) = due else { return Ok(()) };
    let mut violations = Violations::new();
    if due < organizations::store::today(tx).await? {
        violations.add("task.due_date", "is before today");
    }
    violations.finish()
}

/// What the timeline says of a task.
pub fn facts(task: &Task) -> TaskFacts {
    TaskFacts {
        task_id: task.id,
        title: task.title.clone(),
        due_date: task.due_date.map(|day| day.to_string()),
    }
}

/// Writes the timeline of a deal that is locked.
pub async fn record(
    tx: &TenantTx,
    author_user_id: Option<UserId>,
    deal_id: DealId,
    happened: Payload,
) -> Result<()> {
    activities::store::record(tx, deal_id, author_user_id, &[happened]).await?;
    Ok(())
}
