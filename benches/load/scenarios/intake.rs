//! Taking contacts in.

use crate::{
    arguments::{Comparison, Scenario},
    calls::Target,
    cluster::Shape,
    pgbench::{CONTACT_INSERT, FUNCTION, INSERT, LEAN, SEVERAL_STATEMENTS},
    report::{Outcome, compare},
    rounds::{Bench, Subject},
};

const CREATE_CONTACT: &str = "CreateContact";

/// Each contact of a new lead, beside everything it can be compared with.
pub async fn new_leads(bench: &Bench) -> Outcome {
    let arguments = &bench.arguments;
    let span = arguments.span();
    let in_flight = arguments.in_flight(&[1, 16, 64, 256]);
    let stage = bench.stage("new_leads", &Shape::SMALL, 1).await;
    let target = Target::new(&stage);
    let mut subjects = Vec::new();
    for &in_flight in &in_flight {
        let target = target.clone();
        subjects.push(Subject::calls(
            CREATE_CONTACT,
            in_flight,
            span,
            &stage.meter,
            move |client| target.new_leads(client),
        ));
    }
    let pgbench = bench.pgbench(&Shape::SMALL).await;
    for (comparison, script) in [
        (Comparison::SeveralStatements, SEVERAL_STATEMENTS),
        (Comparison::Lean, LEAN),
        (Comparison::Function, FUNCTION),
        (Comparison::Insert, INSERT),
        (Comparison::ContactInsert, CONTACT_INSERT),
    ] {
        if arguments.compares(comparison) {
            let clients = arguments.pgbench_clients.iter();
            subjects
                .extend(clients.map(|&clients| Subject::script(&pgbench, script, clients, span)));
        }
    }
    if arguments.compares(Comparison::NoOp) {
        for &in_flight in &in_flight {
            let target = target.clone();
            subjects.push(Subject::calls(
                "no-op call",
                in_flight,
                span,
                &stage.meter,
                move |client| target.no_op(client),
            ));
        }
    }
    let rows = bench.measure("new leads", subjects).await;
    Outcome {
        scenario: Scenario::NewLeads,
        ratios: compare(&rows, CREATE_CONTACT),
        rows,
    }
}
