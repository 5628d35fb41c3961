//! Contacts as proto has them.

use prost::Message;

use crate::{
    api::convert::operator,
    call::Context,
    contacts::{Created, Done, Once, store::Contact},
    error::Result,
    platform::{
        grpc::convert::timestamp,
        idempotency::{self, IdempotencyKey},
    },
    proto::{self, CreateContactResponse},
};

impl From<Contact> for proto::Contact {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            lead_id: contact.lead_id.to_string(),
            source_id: contact.source_id.to_string(),
            operator_id: contact.operator_id.map(|id| id.to_string()),
            status: proto::ContactStatus::from(contact.status).into(),
            message: contact.message,
            backlog_reason: contact
                .backlog_reason
                .map(|reason| proto::BacklogReason::from(reason).into())
                .unwrap_or_default(),
            create_time: Some(timestamp(contact.create_time)),
            update_time: Some(timestamp(contact.update_time)),
            assign_time: contact.assign_time.map(timestamp),
            close_time: contact.close_time.map(timestamp),
            etag: contact.revision.to_string(),
        }
    }
}

impl From<Created> for CreateContactResponse {
    fn from(created: Created) -> Self {
        Self {
            assigned: created.contact.operator_id.is_some(),
            contact: Some(created.contact.into()),
            lead: Some(created.lead.into()),
            operator: created.operator.map(|entry| {
                let counted = entry.operator.window_limit.is_some();
                operator(entry.operator, if counted { entry.window_load } else { 0 })
            }),
            lead_created: created.lead_created,
            conflicting_lead_ids: created
                .conflicting_lead_ids
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

/// What is answered as `A`, once for each key of this caller's.
pub fn once<T, A>(context: &Context, key: IdempotencyKey) -> Once<T>
where
    T: Clone,
    A: From<T> + Message,
{
    Once {
        key: key.of_caller(context.identity),
        encode: |answer| A::from(answer.clone()).encode_to_vec(),
    }
}

/// What was done is answered now as it would have been then.
pub fn answer<T, A>(done: Done<T>) -> Result<A>
where
    A: From<T> + Message + Default,
{
    match done {
        Done::Now(answer) => Ok(answer.into()),
        Done::Before(answer) => idempotency::decode(&answer),
    }
}
