//! Taking contacts in.

use super::outcome;
use crate::{
    arguments::{Comparison, Scenario},
    calls::Target,
    cluster::Shape,
    pgbench::{
        CONTACT_INSERT, FULL_IDENTITY, FUNCTION, INSERT, KNOWN_LEAD, LEAN, SEVERAL_STATEMENTS,
        Script,
    },
    report::{Outcome, Ratio},
    rounds::{Bench, Subject},
};

const CREATE_CONTACT: &str = "CreateContact";

/// Each contact of a new lead, beside everything it can be compared with.
pub async fn new_leads(bench: &Bench) -> Outcome {
    let in_flight = bench.arguments.in_flight(&[1, 16, 64, 256]);
    let stage = bench.stage("service", &Shape::SMALL, 1).await;
    let mut subjects = bench.calls(CREATE_CONTACT, &in_flight, &stage, Target::new_leads);
    let scripts = [
        (Comparison::SeveralStatements, SEVERAL_STATEMENTS),
        (Comparison::NoCounts, SEVERAL_STATEMENTS.without_counts()),
        (Comparison::Lean, LEAN),
        (Comparison::Function, FUNCTION),
        (Comparison::Insert, INSERT),
        (Comparison::ContactInsert, CONTACT_INSERT),
    ];
    subjects.extend(bench.scripts(&Shape::SMALL, &scripts).await);
    if bench.arguments.compares(Comparison::NoOp) {
        subjects.extend(bench.calls("no-op call", &in_flight, &stage, Target::no_op));
    }
    let rows = bench.measure(subjects).await;
    outcome(Scenario::NewLeads, rows, CREATE_CONTACT)
}

/// The same with all that a careful client sends.
pub async fn full_identity(bench: &Bench) -> Outcome {
    let in_flight = bench.arguments.in_flight(&[64, 256]);
    let stage = bench.stage("service", &Shape::SMALL, 1).await;
    let mut subjects = bench.calls(CREATE_CONTACT, &in_flight, &stage, Target::full_identities);
    subjects.extend(several_statements(bench, &Shape::SMALL, FULL_IDENTITY).await);
    let rows = bench.measure(subjects).await;
    outcome(Scenario::FullIdentity, rows, CREATE_CONTACT)
}

/// Contacts of leads that are known, while others are closed. Only those that
/// are taken in are counted.
pub async fn known_lead(bench: &Bench) -> Outcome {
    let in_flight = bench.arguments.in_flight(&[64]);
    let stage = bench.stage("service", &Shape::SMALL, 1).await;
    let mut subjects = bench.calls(CREATE_CONTACT, &in_flight, &stage, Target::known_leads);
    subjects.extend(several_statements(bench, &Shape::SMALL, KNOWN_LEAD).await);
    let rows = bench.measure(subjects).await;
    outcome(Scenario::KnownLead, rows, CREATE_CONTACT)
}

/// Many organizations, sources and operators.
pub async fn many(bench: &Bench) -> Outcome {
    let shape = Shape {
        organizations: 20,
        sources: 100,
        operators: 1000,
        ..Shape::SMALL
    };
    let in_flight = bench.arguments.in_flight(&[64, 256]);
    let stage = bench.stage("service", &shape, 1).await;
    let mut subjects = bench.calls(CREATE_CONTACT, &in_flight, &stage, Target::new_leads);
    subjects.extend(several_statements(bench, &shape, SEVERAL_STATEMENTS).await);
    let rows = bench.measure(subjects).await;
    outcome(Scenario::Many, rows, CREATE_CONTACT)
}

/// Two server processes on one database, beside one process on another.
pub async fn two_processes(bench: &Bench) -> Outcome {
    const TWO: &str = "CreateContact, two processes";
    let in_flight = bench.arguments.in_flight(&[64, 256]);
    let two = bench.stage("service", &Shape::SMALL, 2).await;
    let one = bench.stage("other", &Shape::SMALL, 1).await;
    let mut subjects = bench.calls(TWO, &in_flight, &two, Target::new_leads);
    subjects.extend(bench.calls(CREATE_CONTACT, &in_flight, &one, Target::new_leads));
    let rows = bench.measure(subjects).await;
    let (two, one) = rows.split_at(in_flight.len());
    let ratios = two.iter().zip(one);
    Outcome {
        scenario: Scenario::TwoProcesses,
        ratios: ratios
            .map(|(two, one)| Ratio::new(two, one, "per_second"))
            .collect(),
        rows,
    }
}

/// Nobody has room: every contact goes to the backlog.
pub async fn all_full(bench: &Bench) -> Outcome {
    let shape = Shape {
        load_limit: Some(0),
        ..Shape::SMALL
    };
    let in_flight = bench.arguments.in_flight(&[64]);
    let stage = bench.stage("service", &shape, 1).await;
    let subjects = bench.calls(CREATE_CONTACT, &in_flight, &stage, Target::new_leads);
    let rows = bench.measure(subjects).await;
    outcome(Scenario::AllFull, rows, CREATE_CONTACT)
}

/// The comparison that fits the scenario, with and without statistics.
async fn several_statements(bench: &Bench, shape: &Shape, script: Script) -> Vec<Subject> {
    let scripts = [
        (Comparison::SeveralStatements, script),
        (Comparison::NoCounts, script.without_counts()),
    ];
    bench.scripts(shape, &scripts).await
}
