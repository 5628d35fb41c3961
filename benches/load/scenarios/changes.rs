//! Changing contacts that are there.

use super::outcome;
use crate::{
    arguments::Scenario,
    calls::{Client, OWN_CONTACTS, Target},
    cluster::Shape,
    report::Outcome,
    rounds::Bench,
};

/// Statuses of contacts of ten operators.
pub async fn status(bench: &Bench) -> Outcome {
    change(
        bench,
        Scenario::Status,
        "SetContactStatus",
        Target::set_statuses,
    )
    .await
}

/// New draws for contacts of ten operators.
pub async fn reassign(bench: &Bench) -> Outcome {
    change(
        bench,
        Scenario::Reassign,
        "ReassignContact",
        Target::reassign,
    )
    .await
}

async fn change(
    bench: &Bench,
    scenario: Scenario,
    name: &str,
    client: fn(&Target, usize) -> Client,
) -> Outcome {
    let in_flight = bench.arguments.in_flight(&[64]);
    let clients = in_flight.iter().max().copied().unwrap_or_default();
    let shape = Shape {
        contacts: clients * OWN_CONTACTS,
        ..Shape::SMALL
    };
    let stage = bench.stage("service", &shape, 1).await;
    let subjects = bench.calls(name, &in_flight, &stage, client);
    let rows = bench.measure(subjects).await;
    outcome(scenario, rows, name)
}
