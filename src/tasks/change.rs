//! The rules of changes of a task.

use chrono::NaiveDate;

use super::store::{Task, TaskFields};
use crate::{
    error::Result,
    ids::{DealId, UserId},
    platform::grpc::validate::Violations,
};

/// What an update changes: fields that are absent stay.
#[expect(clippy::option_option, reason = "absent, or set to NULL")]
pub struct Change {
    pub deal_id: Option<Option<DealId>>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub due_date: Option<Option<NaiveDate>>,
    pub assignee_user_id: Option<Option<UserId>>,
}

impl Change {
    /// The fields of this task after the change.
    pub fn apply(&self, task: &Task) -> Result<TaskFields> {
        let mut violations = Violations::new();
        if self.deal_id.flatten().is_some_and(|id| id != task.deal_id) {
            violations.add("task.deal_id", "cannot be changed");
        }
        violations.finish()?;
        let before = TaskFields::from(task);
        Ok(TaskFields {
            title: self.title.clone().unwrap_or(before.title),
            description: self.description.clone().unwrap_or(before.description),
            due_date: self.due_date.unwrap_or(before.due_date),
            assignee_user_id: self.assignee_user_id.unwrap_or(before.assignee_user_id),
        })
    }
}
