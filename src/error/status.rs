//! The status that an error becomes.

use prost::Message;
use tonic::Status;

use super::{Error, trailer};

/// The metadata that tells a client of gRPC when to repeat a call.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

impl From<&Error> for Status {
    fn from(error: &Error) -> Self {
        let more = match error {
            Error::Invalid(_, more) => *more,
            _ => 0,
        };
        let mut status = trailer::status(error.code(), &error.to_string(), &error.details(), more);
        if let Some(delay) = error.retry_after() {
            // What RetryInfo says, for clients that repeat calls by themselves.
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            status.metadata_mut().insert(PUSHBACK, millis.into());
        }
        status
    }
}

impl Error {
    /// The status as a message, for a result among others.
    pub fn to_rpc_status(&self) -> tonic_types::Status {
        tonic_types::Status::decode(Status::from(self).details()).unwrap_or_default()
    }
}
