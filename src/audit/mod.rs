//! Who did what to which thing: an event is written in the transaction of each
//! change. Nothing in it is personal but ids. Attempts that were denied are
//! counted by the hour ([`denials`]).

pub mod denials;
mod grpc;
pub mod store;

use chrono::{DateTime, Utc};
pub use grpc::list_audit_events;
use uuid::Uuid;

use crate::{access::Identity, ids::id_at};

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// UUIDv7.
    pub id: Uuid,
    /// Who did it.
    pub identity: Identity,
    /// The method they called.
    pub method: &'static str,
    /// What was created, changed or deleted.
    pub resource_ids: Vec<Uuid>,
}

impl Event {
    /// What was done just now.
    pub fn now(identity: Identity, method: &'static str, resource_id: Uuid) -> Self {
        Self {
            id: Uuid::now_v7(),
            identity,
            method,
            resource_ids: vec![resource_id],
        }
    }
}

/// Events of things that were created at `time`, one for each caller and method.
/// They are of the same millisecond as the things' ids: so they are found.
pub fn created(
    time: DateTime<Utc>,
    created: impl IntoIterator<Item = (Identity, &'static str, Uuid)>,
) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (identity, method, resource_id) in created {
        let same = |event: &&mut Event| (event.identity, event.method) == (identity, method);
        match events.iter_mut().find(same) {
            Some(event) => event.resource_ids.push(resource_id),
            None => events.push(Event {
                id: id_at(time, 0),
                identity,
                method,
                resource_ids: vec![resource_id],
            }),
        }
    }
    events
}
