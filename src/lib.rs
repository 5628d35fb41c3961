//! A gRPC service that takes in customer enquiries (*contacts*) from many
//! channels (*sources*), finds or creates the *lead*, and hands the contact to
//! an *operator* by weighted random choice among those who are active and below
//! their limits.
//!
//! # Code map
//!
//! A feature is a folder with the name of its proto file. In it, `grpc.rs` is
//! the edge (a table of routes, then a function per RPC that checks, runs and
//! answers) and `store` holds every query on its tables.
//!
//! | | |
//! |---|---|
//! | [`proto`] | the contract, generated from `proto/minicrm/v1` |
//! | `leads`, `contacts`, `operators`, `sources`, `analytics` | the features |
//! | `deals`, `tasks`, `activities` | the sale that follows, its to-dos, its timeline |
//! | `organizations` | tenants, their members and the rules of roles, invitations, keys |
//! | `distribution` | who can take a contact, and the decision who gets it |
//! | [`pick`] | the weighted random pick, pure |
//! | `grouped` | grouped commit: one transaction for what arrives meanwhile |
//! | `statistics` | contacts and leads, counted as they change; what changes is folded into cells |
//! | [`access`], [`auth`] | who calls and what they may do; passwords, sessions, tokens |
//! | `audit` | who did what to which thing |
//! | `rpc`, [`context`] | the frame around every RPC; whose data it may touch |
//! | [`validate`], `mask`, `whose`, [`page`], `request_id` | fields, update masks, whose things, pages, exactly-once |
//! | [`edge`], `reflection` | connections, TLS, deadlines, what is too much; how the service describes itself |
//! | [`error`] | the one error type and its mapping to a status |
//! | [`db`], [`migrations`], [`embedded`] | pool and transactions, schema, private Postgres |
//! | `files` | files and directories that nobody else may have put there, or may read |
//! | [`verify`] | what is counted, compared with the rows |
//! | [`telemetry`] | logs, metrics, traces |
//! | [`config`], [`commands`], [`server`] | the binary |
//!
//! # The path of an RPC
//!
//! `CreateContact`: `proto/minicrm/v1/contacts.proto` → `create_contact` in
//! `contacts/grpc.rs` (route) and `contacts/intake/mod.rs` (checks) →
//! `grouped` (`queue.rs` makes groups, `isolate.rs` sees that none fails for
//! another) → `contacts/write/group.rs` (the transaction, step by step).

pub mod access;
mod activities;
mod analytics;
mod audit;
pub mod auth;
pub mod call;
pub mod commands;
pub mod config;
mod contacts;
mod deals;
mod dispatch;
pub mod error;
mod ids;
mod leads;
mod operators;
mod organizations;
pub mod platform;
pub mod proto;
mod schema;
pub mod server;
mod sources;
mod statistics;
mod tasks;
pub mod verify;

pub use contacts::NewContact;
pub use dispatch::pick;
pub use organizations::{Limits, remove_closed};
pub use sources::normalize_code;
pub use statistics::fold_counts;
