//! Operators: the people who handle contacts.
//!
//! An operator takes new contacts while it is active and below every limit it
//! has. Its `load` counts its active contacts and changes only in the
//! transaction that changes them. Deleting one keeps its row, so that history
//! keeps its name, and returns its active contacts to the backlog.

mod grpc;
pub mod store;

pub use grpc::Operators;
use store::Operator;

use crate::{call::reply::timestamp, proto};

/// The operator as it is answered, with the contacts given to it within its
/// window.
pub fn answer(operator: Operator, window_load: i32) -> proto::Operator {
    proto::Operator {
        id: operator.id.to_string(),
        name: operator.name,
        active: Some(operator.active),
        load_limit: operator.load_limit,
        window_limit: operator.window_limit,
        window: Some(prost_types::Duration {
            seconds: i64::from(operator.window_seconds),
            nanos: 0,
        }),
        load: operator.load,
        window_load,
        user_id: operator
            .user_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        create_time: Some(timestamp(operator.create_time)),
        update_time: Some(timestamp(operator.update_time)),
        delete_time: operator.delete_time.map(timestamp),
        etag: operator.revision.to_string(),
    }
}
