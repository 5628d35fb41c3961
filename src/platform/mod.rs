//! What every service of this kind needs and none of them is about: the database, group
//! commit, background work, what stands between a socket and a call, telemetry. It knows no
//! feature.

mod address;
pub mod background;
pub(crate) mod batch;
pub mod db;
pub mod embedded;
pub(crate) mod files;
pub mod grpc;
pub(crate) mod idempotency;
pub mod ingress;
pub mod migrations;
pub mod panics;
mod pem;
pub mod telemetry;

pub use address::Address;
