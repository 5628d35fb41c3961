//! What is measured together.

mod changes;
mod growth;
mod intake;
mod reads;
mod start;
mod strain;

use crate::{
    arguments::Scenario,
    report::{Outcome, Row, compare},
    rounds::Bench,
};

/// Measures a scenario.
pub async fn run(bench: &Bench, scenario: Scenario) -> Outcome {
    match scenario {
        Scenario::NewLeads => intake::new_leads(bench).await,
        Scenario::FullIdentity => intake::full_identity(bench).await,
        Scenario::KnownLead => intake::known_lead(bench).await,
        Scenario::Many => intake::many(bench).await,
        Scenario::TwoProcesses => intake::two_processes(bench).await,
        Scenario::AllFull => intake::all_full(bench).await,
        Scenario::Status => changes::status(bench).await,
        Scenario::Reassign => changes::reassign(bench).await,
        Scenario::GetContact => reads::get_contact(bench).await,
        Scenario::Growth => growth::growth(bench).await,
        Scenario::Start => start::start(bench).await,
        Scenario::Overload => strain::overload(bench).await,
        Scenario::Stuck => strain::stuck(bench).await,
        Scenario::Soak => strain::soak(bench).await,
    }
}

/// The outcome of a scenario in which one subject is compared with all others.
fn outcome(scenario: Scenario, rows: Vec<Row>, subject: &str) -> Outcome {
    Outcome {
        scenario,
        ratios: compare(&rows, subject),
        rows,
    }
}
