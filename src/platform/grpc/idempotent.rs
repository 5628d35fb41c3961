//! Requests that can be made again (AIP-155): those with a `request_id`.

use prost::Message;

/// A request that is done once, however often it comes with the same `request_id`.
pub trait IdempotentRequest: Message {
    /// The name of its method, within which ids are told apart.
    const METHOD: &'static str;
    /// The id that the caller gave it; empty if none.
    fn request_id(&self) -> &str;
}

include!(concat!(env!("OUT_DIR"), "/idempotent.rs"));
