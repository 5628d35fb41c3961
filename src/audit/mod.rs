//! Who did what to which thing: an event is written in the transaction of each
//! change. Nothing in it is personal but ids. Attempts that were denied are
//! counted by the hour ([`denials`]).

mod denial;
pub mod denials;
pub mod store;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rand::Rng;
use uuid::Uuid;

use crate::{
    actor::{Author, Identity},
    ids::{self, id_at, ordered_id_at},
};

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
    pub fn now(author: Author, resource_ids: Vec<Uuid>) -> Self {
        let Author { identity, method } = author;
        Self {
            id: ids::generate(),
            identity,
            method,
            resource_ids,
        }
    }

    /// What was done at `time`, by the database's clock, as one of several in a transaction.
    pub fn at(
        rng: &mut impl Rng,
        time: DateTime<Utc>,
        index: usize,
        author: Author,
        resource_id: Uuid,
    ) -> Self {
        let Author { identity, method } = author;
        Self {
            id: ordered_id_at(rng, time, index),
            identity,
            method,
            resource_ids: vec![resource_id],
        }
    }

    /// What was done, as it is kept. What the system did by itself has neither a user nor a
    /// key; so has what was done while there was no authentication.
    pub fn action(&self) -> Cow<'static, str> {
        match self.identity {
            Identity::System => format!("SYSTEM.{}", self.method).into(),
            _ => self.method.into(),
        }
    }
}

/// Events of things that were created at `time`, one for each identity and method.
/// They are of the same millisecond as the things' ids: so they are found.
pub fn created(
    rng: &mut impl Rng,
    time: DateTime<Utc>,
    created: impl IntoIterator<Item = (Author, Uuid)>,
) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (author, resource_id) in created {
        let Author { identity, method } = author;
        let same = |event: &&mut Event| (event.identity, event.method) == (identity, method);
        match events.iter_mut().find(same) {
            Some(event) => event.resource_ids.push(resource_id),
            None => events.push(Event {
                id: id_at(rng, time, 0),
                identity,
                method,
                resource_ids: vec![resource_id],
            }),
        }
    }
    events
}
