//! Contacts: enquiries of leads through sources.
//!
//! A contact that is `NEW` or `IN_PROGRESS` is active and counts towards the load
//! of its operator; both change in one transaction. A contact without an
//! operator is in the backlog and says why. Every decision about who handles a
//! contact is kept.
//!
//! Order of locks, everywhere: request id, lead, contact, operators by id, count
//! of leads. (What is counted is folded into cells by a transaction of its own.)

mod change;
mod get;
mod grpc;
mod history;
mod intake;
mod release;
pub mod store;
mod write;

pub use get::Wanted;
pub use grpc::Contacts;
pub use intake::NewContact;
pub use release::{redraw_all, release_all};
use store::{Contact, ContactStatus};
pub use write::Write;

use crate::{call::reply::timestamp, proto};

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

impl From<ContactStatus> for proto::ContactStatus {
    fn from(status: ContactStatus) -> Self {
        match status {
            ContactStatus::New => Self::New,
            ContactStatus::InProgress => Self::InProgress,
            ContactStatus::Closed => Self::Closed,
        }
    }
}

/// The status as it is kept; none if unspecified.
fn kept_status(status: proto::ContactStatus) -> Option<ContactStatus> {
    match status {
        proto::ContactStatus::Unspecified => None,
        proto::ContactStatus::New => Some(ContactStatus::New),
        proto::ContactStatus::InProgress => Some(ContactStatus::InProgress),
        proto::ContactStatus::Closed => Some(ContactStatus::Closed),
    }
}
