//! Tests through the wire: the real server on a real Postgres. One cluster for
//! the run, a fresh database for each test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "a test that cannot go on has failed"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "what is kept out of the service has its place around it"
)]

mod activities;
mod analytics;
mod answers;
mod api;
mod arrows;
mod auth;
mod background;
mod concurrency;
mod contacts;
mod deals;
mod docs;
mod edge;
mod incidents;
mod leads;
mod migrations;
mod operators;
mod organizations;
mod paging;
mod plans;
mod process;
mod recorder;
mod request_id;
mod roles;
mod row_security;
mod schema;
mod server;
mod sources;
mod statements;
mod supply;
mod support;
mod tasks;
mod telemetry;
mod tenants;
mod tidy;
mod tree;
mod unchanged;
mod validation;
mod weights;
