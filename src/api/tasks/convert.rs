//! Tasks as proto has them.

use crate::{
    platform::grpc::convert::{date, timestamp},
    proto,
    tasks::store::Task,
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
