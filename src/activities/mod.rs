//! Activities: the timeline of a deal. Whoever writes on it has locked the deal,
//! so its numbers are the order of what happened.

mod grpc;
pub mod store;

use chrono::NaiveDate;
pub use grpc::Activities;
use store::Activity;
pub use store::{Payload, TaskFacts};
use uuid::Uuid;

use crate::{
    call::reply::{date, timestamp},
    deals::{DealStage, DealStatus},
    proto::{self, activity},
};

impl From<Activity> for proto::Activity {
    fn from(activity: Activity) -> Self {
        Self {
            id: activity.id.to_string(),
            deal_id: activity.deal_id.to_string(),
            number: activity.number,
            author_user_id: activity.author_user_id.map(|id| id.to_string()),
            create_time: Some(timestamp(activity.create_time)),
            payload: Some(activity.payload.into()),
        }
    }
}

impl From<Payload> for activity::Payload {
    fn from(payload: Payload) -> Self {
        let id = |id: Option<Uuid>| id.map(|id| id.to_string());
        match payload {
            Payload::Comment { text } => Self::Comment(proto::Comment { text }),
            Payload::DealCreated { contact_id } => Self::DealCreated(proto::DealCreated {
                contact_id: id(contact_id),
            }),
            Payload::StatusChanged {
                old_status,
                new_status,
            } => Self::StatusChanged(proto::StatusChanged {
                old_status: status(&old_status).into(),
                new_status: status(&new_status).into(),
            }),
            Payload::StageChanged {
                old_stage,
                new_stage,
            } => Self::StageChanged(proto::StageChanged {
                old_stage: stage(&old_stage).into(),
                new_stage: stage(&new_stage).into(),
            }),
            Payload::AmountChanged {
                old_amount,
                old_currency,
                new_amount,
                new_currency,
            } => Self::AmountChanged(proto::AmountChanged {
                old_amount,
                old_currency,
                new_amount,
                new_currency,
            }),
            Payload::OwnerChanged {
                old_owner_user_id,
                new_owner_user_id,
            } => Self::OwnerChanged(proto::OwnerChanged {
                old_owner_user_id: id(old_owner_user_id),
                new_owner_user_id: id(new_owner_user_id),
            }),
            Payload::TaskCreated(task) => Self::TaskCreated(proto::TaskCreated {
                task_id: task.task_id.to_string(),
                title: task.title,
                due_date: day(task.due_date),
            }),
            Payload::TaskCompleted(task) => Self::TaskCompleted(proto::TaskCompleted {
                task_id: task.task_id.to_string(),
                title: task.title,
                due_date: day(task.due_date),
            }),
            Payload::TaskReopened(task) => Self::TaskReopened(proto::TaskReopened {
                task_id: task.task_id.to_string(),
                title: task.title,
                due_date: day(task.due_date),
            }),
            Payload::TaskDeleted(task) => Self::TaskDeleted(proto::TaskDeleted {
                task_id: task.task_id.to_string(),
                title: task.title,
                due_date: day(task.due_date),
            }),
            Payload::TaskDueDateChanged {
                task_id,
                title,
                old_due_date,
                new_due_date,
            } => Self::TaskDueDateChanged(proto::TaskDueDateChanged {
                task_id: task_id.to_string(),
                title,
                old_due_date: day(old_due_date),
                new_due_date: day(new_due_date),
            }),
        }
    }
}

fn status(text: &str) -> proto::DealStatus {
    DealStatus::from_text(text)
        .map(proto::DealStatus::from)
        .unwrap_or_default()
}

fn stage(text: &str) -> proto::DealStage {
    DealStage::from_text(text)
        .map(proto::DealStage::from)
        .unwrap_or_default()
}

fn day(text: Option<String>) -> Option<proto::Date> {
    let day: Option<NaiveDate> = text.and_then(|text| text.parse().ok());
    day.map(date)
}
