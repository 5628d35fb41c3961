//! A gRPC service that takes in customer enquiries (*contacts*) from many
//! channels (*sources*), finds or creates the *lead*, and hands the contact to
//! an *operator* by weighted random choice among those who are active and below
//! their limits.
//!
//! # Code map
//!
//! In layers: each names what is below it, nothing points up or goes in circles, and
//! `tests/it/arrows` holds every arrow there may be.
//!
//! ```text
//!  main, commands, config     the start of the process
//!          │
//!  server ─┴─ app             listeners, health, metrics; what is made once
//!          │
//!  api                        a folder per service: parse, transaction, answer
//!          │
//!  call                       the frame of a call: who, for which organization, until when
//!          │
//!  contacts leads deals …     model, rules, queries; knows no proto, no call
//!          │
//!  dispatch, statistics       who gets a contact; what is counted
//!          │
//!  access, audit              who may do what; who did it
//!          │
//!  platform                   database, batches, ingress, telemetry: knows no feature
//!          │
//!  model ids actor error …    words that all have in common
//! ```
//!
//! | | |
//! |---|---|
//! | `api` | the services of `proto/minicrm/v1`, a function per method; the only part that makes proto messages |
//! | [`call`] | the context of a call and the reply to it |
//! | `contacts`, `leads`, `operators`, `sources` | who asks, and who answers |
//! | `deals`, `tasks`, `activities` | the sale that follows, its to-dos, its timeline |
//! | `organizations`, [`auth`] | tenants, members, invitations, keys; passwords, sessions, tokens |
//! | `analytics`, [`verify`] | what happened in numbers; the numbers compared with the rows |
//! | `dispatch`, [`pick`] | who can take a contact, and the decision who gets it; the pure weighted pick |
//! | `recorder` | what follows from what happened: audit, timelines, statistics |
//! | `statistics` | contacts, leads and deals, counted as they change |
//! | [`access`], `audit` | identities and the table of grants; who did what to which thing |
//! | [`platform::db`], [`platform::migrations`], [`platform::embedded`] | pool and transactions, schema, private Postgres |
//! | `platform::batch`, `platform::idempotency` | group commit; every request exactly once |
//! | [`platform::ingress`], [`platform::grpc`] | connections, TLS, deadlines, limits; fields, masks, pages, reflection |
//! | [`platform::telemetry`] | logs, metrics, traces |
//! | [`background`], [`platform::background`] | the set of background tasks; what a task is and what drives it |
//! | `gauges` | what the metrics say that only the database knows |
//! | [`error`] | the one error type and its mapping to a status |
//!
//! In a feature, `store` holds every query on its tables. In `api`, `mod.rs` lists a
//! service's methods.
//!
//! # The path of an RPC
//!
//! `UpdateDeal`: `proto/minicrm/v1/deals.proto` → `api/deals/mod.rs` (the method) →
//! `call/reply.rs` (who calls, may they) → `api/deals/change.rs` (checks, transaction) →
//! `deals/change.rs` (rules) → `deals/service.rs` (the row, and what happened) →
//! `deals/store`; `recorder` writes timeline, counts and audit with the commit.

pub mod access;
mod activities;
pub mod actor;
mod analytics;
mod api;
pub mod app;
mod audit;
pub mod auth;
pub mod background;
pub mod call;
pub mod commands;
pub mod config;
mod contacts;
mod deals;
mod dispatch;
pub mod error;
mod gauges;
pub mod ids;
mod leads;
mod model;
mod operators;
mod organizations;
pub mod platform;
pub mod proto;
mod recorder;
mod schema;
pub mod server;
mod sources;
mod statistics;
mod tasks;
pub mod verify;

pub use api::contacts::parse_new_contact;
pub use contacts::{Contacts, Created, Done, NewContact, SourceRef};
pub use dispatch::pick;
pub use leads::LeadIdentity;
pub use model::Change;
pub use organizations::{Limits, remove_closed};
pub use sources::normalize_code;
pub use statistics::fold_counts;
