//! Measures the service: calls a second, latency, and what server, Postgres and
//! generator use. The real server runs on a private Postgres that waits for its
//! disk (fsync on), pgbench does the like on the same Postgres in the same
//! rounds. All of them share the machine. See `benches/README.md`.
//!
//! `cargo bench --bench load -- --help`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "a benchmark that cannot go on has failed"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "what is kept out of the service has its place around it"
)]

mod arguments;
mod calls;
mod cluster;
mod drive;
mod patient;
mod pgbench;
mod report;
mod rounds;
mod scenarios;
mod server;
mod usage;

use std::{process::ExitCode, sync::Arc, thread::available_parallelism};

use clap::Parser;
use serde_json::json;
use tokio::signal::ctrl_c;

use arguments::Arguments;
use rounds::Bench;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let bench = Arc::new(Bench::start(arguments).await);
    // In a task of its own, so that Postgres is stopped and removed even if it
    // panics.
    let mut run = tokio::spawn(run(Arc::clone(&bench)));
    let outcome = tokio::select! {
        outcome = &mut run => outcome,
        _ = ctrl_c() => {
            run.abort();
            run.await
        }
    };
    if let Some(bench) = Arc::into_inner(bench) {
        bench.cluster.stop().await;
    }
    if outcome.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Measures what was asked for and prints it.
async fn run(bench: Arc<Bench>) {
    let mut outcomes = Vec::new();
    for &scenario in bench.arguments.scenarios() {
        bench.progress.set_prefix(scenario.to_string());
        let outcome = scenarios::run(&bench, scenario).await;
        if !bench.arguments.json {
            let print = || println!("{}", report::table(&outcome));
            bench.progress.suspend(print);
        }
        outcomes.push(outcome);
    }
    if bench.arguments.json {
        let document = json!({
            "cores": available_parallelism().map_or(0, usize::from),
            "warm_up_seconds": bench.arguments.warm_up,
            "seconds": bench.arguments.seconds,
            "connections": bench.arguments.connections,
            "scenarios": outcomes,
        });
        println!("{document:#}");
    }
}
