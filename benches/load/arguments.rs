//! What to measure, and how.

use std::{fmt, num::NonZero, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum, builder::PossibleValue};
use serde::Serialize;

use crate::drive::Span;

/// Measures the service, with pgbench beside it on the same Postgres.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// What to measure. Without it, all but `growth` and
    /// `soak`.
    #[arg(long, alias = "scenario", value_delimiter = ',', value_name = "NAMES")]
    pub scenarios: Vec<Scenario>,
    /// Rounds, each of which measures everything once; the median counts.
    #[arg(long, default_value = "3")]
    pub rounds: NonZero<usize>,
    /// Seconds of each measurement.
    #[arg(long, default_value = "4")]
    pub seconds: NonZero<u64>,
    /// Seconds before each measurement that do not count.
    #[arg(long, default_value_t = 1, value_name = "SECONDS")]
    pub warm_up: u64,
    /// Calls in flight, instead of those of each scenario.
    #[arg(long, value_delimiter = ',', value_name = "COUNTS")]
    in_flight: Vec<usize>,
    /// Connections to each server.
    #[arg(long, default_value_t = 4, value_name = "COUNT")]
    pub connections: usize,
    /// Organizations, instead of those of each scenario.
    #[arg(long, value_name = "COUNT")]
    pub organizations: Option<usize>,
    /// Sources of all organizations, instead of those of each scenario.
    #[arg(long, value_name = "COUNT")]
    pub sources: Option<usize>,
    /// Operators of all sources, instead of those of each scenario.
    #[arg(long, value_name = "COUNT")]
    pub operators: Option<usize>,
    /// Contacts of the year before that are there at the start; in `growth`, in
    /// the large database.
    #[arg(long, value_name = "COUNT")]
    pub existing: Option<usize>,
    /// Clients of pgbench: each number is measured, the best one counts.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1,8,16,64",
        value_name = "COUNTS"
    )]
    pub pgbench_clients: Vec<usize>,
    /// What to compare intake with. Without it, everything.
    #[arg(
        long,
        value_delimiter = ',',
        conflicts_with = "alone",
        value_name = "NAMES"
    )]
    comparisons: Vec<Comparison>,
    /// Compares with nothing.
    #[arg(long)]
    pub alone: bool,
    /// A database of a server to use instead of a private Postgres, by a
    /// superuser: databases are made there, and removed.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where to put the private Postgres. Without it, where temporary files are.
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<PathBuf>,
    /// Prints JSON instead of tables.
    #[arg(long)]
    pub json: bool,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// `CreateContact`, each of a new lead, one source and ten operators.
    NewLeads,
    /// The same with phone number, e-mail address, name and `request_id`.
    FullIdentity,
    /// Contacts of known leads, of which half are closed meanwhile; only those
    /// taken in are counted.
    KnownLead,
    /// 20 organizations, 100 sources, 1000 operators.
    Many,
    /// Two servers on one database, beside one on another.
    TwoProcesses,
    /// Nobody has room: every contact goes to the backlog.
    AllFull,
    /// `SetContactStatus`.
    Status,
    /// `ReassignContact`, drawn.
    Reassign,
    /// `GetContact`, beside a select by pgbench.
    GetContact,
    /// Lists, statistics and intake with 10 000 and with 5 000 000 contacts.
    Growth,
    /// From the start of the process until it serves.
    Start,
    /// `CreateContact` by as many callers as are let in, and by ten times as many.
    Overload,
    /// Calls of one organization while another one's operators are locked.
    Stuck,
    /// Calls of all kinds, round after round: whether memory grows.
    Soak,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", PossibleValue::get_name))
    }
}

impl Scenario {
    /// Those that are measured if none is named.
    const DEFAULT: &[Self] = &[
        Self::NewLeads,
        Self::FullIdentity,
        Self::KnownLead,
        Self::Many,
        Self::TwoProcesses,
        Self::AllFull,
        Self::Status,
        Self::Reassign,
        Self::GetContact,
        Self::Start,
        Self::Overload,
        Self::Stuck,
    ];
}

/// What intake is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Comparison {
    /// The same contact, a transaction of several statements on the schema of
    /// the service.
    SeveralStatements,
    /// The same without the statistics.
    NoCounts,
    /// The like in four statements on small tables of its own.
    Lean,
    /// The four statements as one call of a function.
    Function,
    /// One row into a plain table.
    Insert,
    /// One row into `contacts`.
    ContactInsert,
    /// A call that does nothing.
    NoOp,
}

impl Arguments {
    /// What to measure.
    pub fn scenarios(&self) -> &[Scenario] {
        if self.scenarios.is_empty() {
            Scenario::DEFAULT
        } else {
            &self.scenarios
        }
    }

    /// How many calls to keep in flight, where the scenario has these.
    pub fn in_flight(&self, usual: &[usize]) -> Vec<usize> {
        if self.in_flight.is_empty() {
            usual.to_vec()
        } else {
            self.in_flight.clone()
        }
    }

    /// Whether to compare with this.
    pub fn compares(&self, with: Comparison) -> bool {
        !self.alone && (self.comparisons.is_empty() || self.comparisons.contains(&with))
    }

    /// How long to measure.
    pub fn span(&self) -> Span {
        Span {
            warm_up: Duration::from_secs(self.warm_up),
            length: Duration::from_secs(self.seconds.get()),
        }
    }
}
