//! Spans of statements, by what they do to which table. Never by their text: with
//! it the driver hands over the values.

use std::collections::VecDeque;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use tracing::Span;

use crate::telemetry::trace::span;

/// Makes a span of each statement from now on, of connections that are opened
/// from now on.
pub fn trace_statements() {
    let outcome = set_default_instrumentation(|| Some(Box::new(Statements::default())));
    if let Err(error) = outcome {
        tracing::warn!(%error, "statements are not traced");
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
                if let Some(place) = self.0.iter().position(|open| open.0 == name) {
                    self.0.remove(place);
                }
            }
            _ => {}
        }
    }
}

/// What a statement is called: its first word, and that of its first table.
fn name(sql: &str) -> String {
    let sql = sql.split(" -- binds").next().unwrap_or_default();
    let mut words = sql.split([' ', '\n', ';', '(', ')', ',']);
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let is = |word: &str, names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
    let Some(first) = words.next() else {
        return String::new();
    };
    let verb = first.to_ascii_uppercase();
    let table = if verb == "UPDATE" {
        words.next()
    } else {
        words.find(|word| is(word, &["FROM", "INTO", "UPDATE"]));
        words.find(|word| !is(word, &["SELECT", "VALUES", "ONLY", "LATERAL"]))
    };
    let table = table.map(|table| table.replace('"', ""));
    let is_name = |table: &String| {
        let mut bytes = table.bytes();
        bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    match table.filter(is_name) {
        Some(table) => format!("{verb} {table}"),
        None => verb,
    }
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
                "SELECT 1 FROM \"leads\" WHERE a = $1 -- binds: [\"x\"]",
                "SELECT leads",
            ),
            (
                "INSERT INTO requests (a)\n SELECT unnest($1)",
                "INSERT requests",
            ),
            (
                "WITH x AS (SELECT a FROM operators) SELECT 'from' FROM x",
                "WITH operators",
            ),
            ("update operators AS o SET load = 1", "UPDATE operators"),
            ("DELETE FROM sessions WHERE id = $1", "DELETE sessions"),
            ("SELECT a FROM (SELECT b FROM leads) AS x", "SELECT b"),
            ("", ""),
        ] {
            assert_eq!(name(sql), expected, "{sql}");
        }
    }
}
