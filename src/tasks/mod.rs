//! Tasks: what is to be done about a deal.
//!
//! Whoever changes a task has locked its deal first, then the task: what is done
//! is on the timeline of the deal (`activities`) in the same transaction. Today is
//! what the database says of the organization's time zone.

mod change;
mod grpc;
mod list;
pub mod store;

pub use grpc::Tasks;
use store::Task;

use crate::{
    call::reply::{date, timestamp},
    proto,
};

impl From<Task> for proto::Task {
    fn from(task: Task) -> Self {
        Self {
            id: task.id.to_string(),
            deal_id: task.deal_id.to_string(),
            title: task.title,
            description: task.description,
            due_date: task.due_date.map(date),
            assignee_user_id: task
                .assignee_user_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            done: task.done_time.is_some(),
            done_time: task.done_time.map(timestamp),
            create_time: Some(timestamp(task.create_time)),
            update_time: Some(timestamp(task.update_time)),
            etag: task.revision.to_string(),
        }
    }
}
