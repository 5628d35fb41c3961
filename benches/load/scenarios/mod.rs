//! What is measured together.

mod intake;
mod start;

use crate::{arguments::Scenario, report::Outcome, rounds::Bench};

/// Measures a scenario.
pub async fn run(bench: &Bench, scenario: Scenario) -> Outcome {
    match scenario {
        Scenario::NewLeads => intake::new_leads(bench).await,
        Scenario::Start => start::start(bench).await,
    }
}
