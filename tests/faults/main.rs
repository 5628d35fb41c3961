//! Faults: what was acknowledged is kept, what was retried is not done twice, and
//! the service comes back by itself, whatever is killed, cut, stopped or full.
//!
//! `MINICRM_FAULTS_ROUNDS` says how often each fault is repeated.
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

#[path = "../it/process/binary.rs"]
#[allow(dead_code, reason = "made for more tests than these")]
mod binary;
mod checks;
mod controls;
mod databases;
mod disk;
mod fuzz;
mod load;
mod network;
mod overload;
mod postgres;
mod proxy;
mod servers;
#[path = "../it/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "made for more tests than these")]
mod support;

use minicrm::proto::{CreateContactRequest, Operator};

use support::{App, contact, external, operator};

/// Contacts that are acknowledged before a fault and after it. A run with less
/// traffic says nothing.
const TRAFFIC: usize = 60;

/// How often a fault is repeated.
fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "not a setting of the service")]
    let given = std::env::var("MINICRM_FAULTS_ROUNDS");
    given.map_or(3, |rounds| rounds.parse().unwrap())
}

/// Two operators without limits, one who is soon full, and a contact for them.
async fn prepare(app: &App) -> CreateContactRequest {
    let limited = Operator {
        load_limit: Some(20),
        ..operator("Ann")
    };
    let ann = app.operator(limited).await;
    let bob = app.operator(operator("Bob")).await;
    let cem = app.operator(operator("Cem")).await;
    let weights = [(&ann, 30), (&bob, 20), (&cem, 10)];
    contact(&app.source("bot", &weights).await, external(""))
}
