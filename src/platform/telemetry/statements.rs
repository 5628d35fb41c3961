//! Spans of statements, by what they do to which table. Never by their text: with
//! it the driver hands over the values.

use std::collections::VecDeque;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use tracing::Span;

use crate::platform::telemetry::trace::span;

/// Makes a span of each statement from now on, of connections that are opened
/// from now on.
pub fn trace_statements() {
    let outcome = set_default_instrumentation(|| Some(Box::new(Statements::default())));
    if let Err(error) = outcome {
        tracing::warn!(%error, "statement tracing unavailable");
    }
}

/// The statements of a connection that have not ended. They end in their order,
/// all but those that nobody waits for any more.
#[derive(Default)]
struct Statements(VecDeque<(String, Span)>);

/// Most statements that are kept in mind.
const MAX_OPEN: usize = 64;

impl Instrumentation for Statements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let name = name(&query.to_string());
                let span = span!("statement", otel.name = name, otel.kind = "client");
                self.0.truncate(MAX_OPEN);
                self.0.push_back((name, span));
            }
            InstrumentationEvent::FinishQuery { query, .. } => {
                let name = name(&query.to_string());
                if let Some(position) = self.0.iter().position(|open| open.0 == name) {
                    self.0.remove(position);
                }
            }
            _ => {}
        }
    }
}

/// What a statement is called: what it does, to the table that it writes last, or
/// reads first.
fn name(sql: &str) -> String {
    let text = sql.split(" -- binds").next().unwrap_or_default();
    let words = text.split([' ', '\n', ';', '(', ')', ',', '"']);
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<_> = [""].into_iter().chain(words).collect();
    let written = words.windows(3).rev().find_map(|words| match *words {
        [_, "UPDATE", "SET"] | ["FOR" | "KEY", "UPDATE", _] => None,
        ["INSERT", "INTO", table] => Some(("INSERT", table)),
        ["DELETE", "FROM", table] => Some(("DELETE", table)),
        [_, "UPDATE", table] => Some(("UPDATE", table)),
        _ => None,
    });
    let read = words.windows(2).find_map(|words| match *words {
        ["FROM", table] if is_table(table) => Some(("SELECT", table)),
        _ => None,
    });
    match written.or(read) {
        Some((verb, table)) => format!("{verb} {table}"),
        None => words.get(1).copied().unwrap_or_default().to_owned(),
    }
}

/// Keywords are in upper case, and the other thing that is read from is `unnest`.
fn is_table(word: &str) -> bool {
    let mut bytes = word.bytes();
    word != "unnest" && bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn statements_are_named_without_their_values() {
        for (sql, expected) in [
            ("BEGIN; SET LOCAL minicrm.organization_id = 'x'", "BEGIN"),
            ("COMMIT", "COMMIT"),
            ("SELECT 'x'", "SELECT"),
            (
                "SELECT 1 FROM \"leads\" WHERE a = $1 FOR UPDATE OF a -- binds: [\"FROM x\"]",
                "SELECT leads",
            ),
            ("SELECT a FROM (SELECT b FROM leads) AS x", "SELECT leads"),
            ("SELECT a FROM leads FOR NO KEY UPDATE OF x", "SELECT leads"),
            (
                "WITH x AS (SELECT a FROM unnest($1)), y AS (INSERT INTO a SELECT 1)
                 INSERT INTO contacts (a) SELECT 1 FROM x
                 ON CONFLICT DO UPDATE SET a = 'FROM'",
                "INSERT contacts",
            ),
            ("UPDATE operators AS o SET load = 1", "UPDATE operators"),
            ("DELETE FROM sessions WHERE id = $1", "DELETE sessions"),
            ("", ""),
        ] {
            assert_eq!(name(sql), expected, "{sql}");
        }
    }
}
