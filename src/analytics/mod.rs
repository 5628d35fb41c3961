//! Analytics: what happened, in numbers, for a whole organization.

mod deals;
mod grpc;
mod range;
mod store;

pub use grpc::Analytics;
