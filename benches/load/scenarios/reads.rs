//! Reading a contact.

use std::thread::available_parallelism;

use super::outcome;
use crate::{
    arguments::Scenario,
    calls::Target,
    cluster::Shape,
    pgbench::SELECT_CONTACT,
    report::Outcome,
    rounds::{Bench, Subject},
};

/// How many contacts there are to read.
const CONTACTS: usize = 5000;

/// One contact by its id, beside pgbench on as many connections as the server
/// reads with.
pub async fn get_contact(bench: &Bench) -> Outcome {
    const NAME: &str = "GetContact";
    let shape = Shape {
        contacts: CONTACTS,
        ..Shape::SMALL
    };
    let in_flight = bench.arguments.in_flight(&[64]);
    let stage = bench.stage("service", &shape, 1).await;
    let mut subjects = bench.calls(NAME, &in_flight, &stage, Target::get_contacts);
    if !bench.arguments.alone {
        let pgbench = bench.pgbench(&stage);
        let span = bench.arguments.span();
        let script = Subject::script(&pgbench, SELECT_CONTACT, read_connections(), span);
        subjects.push(script);
    }
    let rows = bench.measure(subjects).await;
    outcome(Scenario::GetContact, rows, NAME)
}

/// As many as a server opens that nobody told how many: those of its pool that
/// are not kept for intake.
fn read_connections() -> usize {
    let cores = available_parallelism().map_or(2, usize::from);
    let pool = 12 * cores;
    pool - (pool / 2).max(2)
}
