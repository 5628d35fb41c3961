//! Statements in `.sql` files: each is prepared against the schema, with the types that it
//! says its parameters have. Those with a `{part}` are made whole by the code, and run by
//! the tests of what they answer.

use std::{collections::BTreeMap, fs, path::Path};

use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use minicrm::platform::db::Conn;

use crate::{support::new_database, tree::files};

/// What is run as it is, and takes no parameters.
const SCRIPTS: [&str; 1] = ["src/platform/migrations/role.sql"];
/// Most lines of a statement that is written in Rust.
const MAX_LINES_IN_RUST: usize = 3;

/// The sources with this extension, by path.
fn sources(extension: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = files(&root.join("src"), extension).into_iter();
    files
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// The types of the parameters, by the comment at the top.
fn types(sql: &str) -> Vec<&str> {
    let comment = sql.lines().take_while(|line| line.starts_with("--"));
    let words = comment.flat_map(str::split_whitespace).collect::<Vec<_>>();
    let numbers = words
        .iter()
        .enumerate()
        .filter(|(_, word)| word.starts_with('$'));
    let numbers: Vec<_> = numbers.map(|(index, word)| (index, *word)).collect();
    for (expected, (_, word)) in (1..).zip(&numbers) {
        assert_eq!(*word, format!("${expected}"), "{sql}");
    }
    numbers
        .iter()
        .map(|(index, _)| words[index + 2].trim_end_matches(','))
        .collect()
}

/// Mutants, seen to fail: a column that the schema does not have; a parameter of another type.
#[tokio::test]
async fn each_file_can_be_prepared() {
    let statements = sources("sql");
    assert!(statements.len() > 20, "{}", statements.len());
    let url = new_database().await;
    let mut conn = Conn::establish(&url).await.unwrap();
    let mut failed = Vec::new();
    for (name, sql) in statements {
        if SCRIPTS.contains(&&*name) || sql.contains('{') {
            continue;
        }
        let types = types(&sql);
        let declared = match types.len() {
            0 => String::new(),
            _ => format!("({})", types.join(", ")),
        };
        for (number, kind) in (1..).zip(&types) {
            assert!(
                sql.matches(&format!("${number}")).count() > 1,
                "{name} does not use its {kind} ${number}"
            );
        }
        let prepare = format!("PREPARE statement{declared} AS {sql}; DEALLOCATE statement");
        if let Err(error) = conn.batch_execute(&prepare).await {
            failed.push(format!("{name}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What is longer is in a file. Statements that are put together from parts are left where
/// the parts are.
#[test]
fn long_statements_are_in_files() {
    let mut found = Vec::new();
    for (name, text) in sources("rs") {
        for part in text.split("sql_query(").skip(1) {
            let Some(sql) = part.trim_start().strip_prefix('"') else {
                continue;
            };
            let lines = sql.split('"').next().unwrap_or_default().lines().count();
            if lines > MAX_LINES_IN_RUST {
                found.push(format!("{name}: {lines} lines"));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
