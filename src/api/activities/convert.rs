//! The timeline as proto has it.

use chrono::NaiveDate;

use crate::{
    activities::{Payload, store::Activity},
    platform::grpc::convert::{date, timestamp},
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
        match payload {
            Payload::Comment { text } => Self::Comment(proto::Comment { text }),
            Payload::DealCreated { contact_id } => Self::DealCreated(proto::DealCreated {
                contact_id: contact_id.map(|id| id.to_string()),
            }),
            Payload::StatusChanged {
                old_status,
                new_status,
            } => Self::StatusChanged(proto::StatusChanged {
                old_status: proto::DealStatus::from(old_status).into(),
                new_status: proto::DealStatus::from(new_status).into(),
            }),
            Payload::StageChanged {
                old_stage,
                new_stage,
            } => Self::StageChanged(proto::StageChanged {
                old_stage: proto::DealStage::from(old_stage).into(),
                new_stage: proto::DealStage::from(new_stage).into(),
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
                old_owner_user_id: old_owner_user_id.map(|id| id.to_string()),
                new_owner_user_id: new_owner_user_id.map(|id| id.to_string()),
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

fn day(text: Option<String>) -> Option<proto::Date> {
    let day: Option<NaiveDate> = text.and_then(|text| text.parse().ok());
    day.map(date)
}
