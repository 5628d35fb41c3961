//! What was measured, as a table or as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;

/// The figures of one measurement, by name.
pub type Sample = BTreeMap<&'static str, f64>;

/// The columns of the table: figure, heading, decimals.
const COLUMNS: [(&str, &str, usize); 8] = [
    ("per_second", "per second", 0),
    ("p50_ms", "p50 ms", 2),
    ("p99_ms", "p99 ms", 2),
    ("p999_ms", "p999 ms", 2),
    ("server_cpu", "server CPU", 2),
    ("postgres_cpu", "pg CPU", 2),
    ("generator_cpu", "own CPU", 2),
    ("server_peak_mib", "peak MiB", 0),
];

/// What one subject gave.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The subject.
    pub name: String,
    /// Calls in flight, or clients of pgbench.
    pub in_flight: usize,
    /// One sample a round.
    pub rounds: Vec<Sample>,
    /// The median of each figure.
    pub median: Sample,
}

impl Row {
    /// What these rounds gave.
    pub fn new(name: String, in_flight: usize, rounds: Vec<Sample>) -> Self {
        let figures = rounds.first().into_iter().flat_map(Sample::keys);
        let median = figures
            .filter_map(|&figure| {
                let values = rounds.iter().filter_map(|sample| sample.get(figure));
                Some((figure, median(values.copied().collect())?))
            })
            .collect();
        Self {
            name,
            in_flight,
            rounds,
            median,
        }
    }

    /// The median of a figure; 0 if there is none.
    pub fn figure(&self, figure: &str) -> f64 {
        self.median.get(figure).copied().unwrap_or_default()
    }
}

/// A figure of one row in proportion to that of another.
#[derive(Debug, Serialize)]
pub struct Ratio {
    /// The row.
    of: (String, usize),
    /// The other row.
    to: (String, usize),
    /// The figure.
    figure: &'static str,
    /// One ratio a round.
    rounds: Vec<f64>,
    /// Their median.
    median: Option<f64>,
}

impl Ratio {
    /// A figure of `of` in proportion to that of `to`, round by round.
    pub fn new(of: &Row, to: &Row, figure: &'static str) -> Self {
        let rounds = of.rounds.iter().zip(&to.rounds);
        let rounds: Vec<_> = rounds
            .filter_map(|(of, to)| Some(of.get(figure)? / to.get(figure)?))
            .collect();
        Self {
            of: (of.name.clone(), of.in_flight),
            to: (to.name.clone(), to.in_flight),
            figure,
            median: median(rounds.clone()),
            rounds,
        }
    }
}

/// What a scenario gave.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The scenario.
    pub scenario: crate::arguments::Scenario,
    /// What was measured.
    pub rows: Vec<Row>,
    /// What it is in proportion to what it is compared with.
    pub ratios: Vec<Ratio>,
}

/// Rates of the rows with this name in proportion to the best of each other
/// name, and medians of latency of one in flight.
pub fn compare(rows: &[Row], name: &str) -> Vec<Ratio> {
    let mut others: Vec<&str> = Vec::new();
    for row in rows {
        if row.name != name && !others.contains(&&*row.name) {
            others.push(&row.name);
        }
    }
    let mut ratios = Vec::new();
    for own in rows.iter().filter(|row| row.name == name) {
        let mut latencies = Vec::new();
        for other in &others {
            let group = || rows.iter().filter(|row| row.name == *other);
            let rate = |row: &&Row| row.figure("per_second");
            if let Some(best) = group().max_by(|a, b| rate(a).total_cmp(&rate(b))) {
                ratios.push(Ratio::new(own, best, "per_second"));
            }
            if own.in_flight == 1 {
                let alone = group().filter(|row| row.in_flight == 1);
                latencies.extend(alone.map(|other| Ratio::new(own, other, "p50_ms")));
            }
        }
        ratios.extend(latencies);
    }
    ratios
}

/// The outcome as text.
pub fn table(outcome: &Outcome) -> String {
    let width = outcome.rows.iter().map(|row| row.name.len()).max();
    let width = width.unwrap_or_default().max(12);
    let mut text = format!("\n{}\n{:width$} {:>9}", outcome.scenario, "", "in flight");
    for (_, heading, _) in COLUMNS {
        let _ = write!(text, " {heading:>10}");
    }
    for row in &outcome.rows {
        let _ = write!(text, "\n{:width$} {:>9}", row.name, row.in_flight);
        for (figure, _, decimals) in COLUMNS {
            let _ = match row.median.get(figure) {
                Some(value) => write!(text, " {value:>10.decimals$}"),
                None => write!(text, " {:>10}", "-"),
            };
        }
    }
    for ratios in outcome
        .ratios
        .chunk_by(|a, b| (&a.of, a.figure) == (&b.of, b.figure))
    {
        let Ratio { of, figure, .. } = &ratios[0];
        let _ = write!(text, "\n{figure} of {} ({}) is", of.0, of.1);
        for Ratio { to, median, .. } in ratios {
            let times = median.unwrap_or(f64::NAN);
            let _ = write!(text, "\n{times:>9.2} x {} ({})", to.0, to.1);
        }
    }
    text
}

/// Adds percentiles of these milliseconds to a sample.
pub fn latencies(sample: &mut Sample, mut millis: Vec<f64>) {
    millis.sort_unstable_by(f64::total_cmp);
    let last = millis.len().saturating_sub(1);
    for (figure, permille) in [("p50_ms", 500), ("p99_ms", 990), ("p999_ms", 999)] {
        if let Some(value) = millis.get(last * permille / 1000) {
            sample.insert(figure, *value);
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}
