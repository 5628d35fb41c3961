//! Analytics: what happened, in numbers, for a whole organization.

mod grpc;
mod range;
mod store;

pub use grpc::Analytics;
