//! Tests through the wire: the real server on a real Postgres. One cluster for
//! the run, a fresh database for each test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "a test that cannot go on has failed"
)]

mod concurrency;
mod contacts;
mod support;
