//! What keeps the code easy to find one's way in: a plain scan of its text.

use std::{fs, path::Path};

use crate::tree;

/// Most lines of a file.
const MAX_LINES: usize = 300;
/// Where queries are, beside the files and folders called `store`.
const QUERIES: [&str; 17] = [
    "src/error/database.rs",
    "src/ids.rs",
    "src/model/operator.rs",
    "src/model/text_enum.rs",
    "src/platform/background/lease.rs",
    "src/platform/db/connect.rs",
    "src/platform/db/mod.rs",
    "src/platform/db/search.rs",
    "src/platform/db/transaction.rs",
    "src/platform/idempotency/mod.rs",
    "src/platform/idempotency/retention.rs",
    "src/platform/migrations/embedded.rs",
    "src/platform/migrations/examine.rs",
    "src/platform/migrations/mod.rs",
    "src/platform/migrations/status.rs",
    "src/platform/telemetry/statements.rs",
    "src/schema.rs",
];
/// Where a `tonic::Status` is made.
const STATUSES: [&str; 3] = [
    "src/error/status.rs",
    "src/error/trailer.rs",
    "src/call/reply.rs",
];

struct File {
    /// From the root of the repository.
    path: String,
    text: String,
}

impl File {
    fn is_store(&self) -> bool {
        self.path.ends_with("/store.rs") || self.path.contains("/store/")
    }

    /// The lines that are not comments, with the place of each.
    fn code(&self) -> impl Iterator<Item = (String, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(number, line)| (format!("{}:{number}: {line}", self.path), line))
    }
}

/// The sources of a folder.
fn files(folder: &str) -> Vec<File> {
    files_of(folder, &["rs"])
}

/// The files of a folder whose names end so.
fn files_of(folder: &str, extensions: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths = extensions
        .iter()
        .flat_map(|extension| tree::files(&root.join(folder), extension));
    let mut files: Vec<_> = paths
        .map(|path| File {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root).unwrap().display().to_string(),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Whether the line says `word`, and not as the end of a longer one.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Asserts that no line of code in these files breaks the rule.
fn assert_tidy(files: &[File], rule: &str, breaks: impl Fn(&File, &str) -> bool) {
    let found: Vec<_> = files
        .iter()
        .flat_map(|file| file.code().map(move |(place, line)| (file, place, line)))
        .filter(|(file, _, line)| breaks(file, line))
        .map(|(_, place, _)| place)
        .collect();
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_hold() {
    let mut found = Vec::new();
    let all = ["src", "tests", "benches"];
    for file in all.into_iter().flat_map(files) {
        if file.path == "src/schema.rs" {
            continue;
        }
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            found.push(format!("{} has {lines} lines", file.path));
        }
        if !file.text.starts_with("//! ") {
            found.push(format!("{} does not begin with `//!`", file.path));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn queries_are_in_stores() {
    let files = files("src");
    assert_tidy(&files, "only stores query", |file, line| {
        let diesel = says(line, "diesel::") || says(line, "diesel_async::");
        diesel && !file.is_store() && !QUERIES.contains(&&*file.path)
    });
    assert_tidy(&files, "a store knows nothing of the wire", |file, line| {
        let wire = ["proto::", "proto,", "tonic::", "prost::"];
        file.is_store() && wire.iter().any(|word| says(line, word))
    });
}

/// What writes the audit, timelines and counts, and where it may stand beside the recorder.
/// Comments are written where they are answered, and leads that come with contacts are counted
/// by the statement that inserts them.
const FOLLOWS: [(&str, &[&str]); 10] = [
    ("insert_events(", &["src/audit/store.rs"]),
    (
        "write_entries(",
        &["src/activities/store.rs", "src/api/activities/mod.rs"],
    ),
    (
        "add_contacts(",
        &["src/statistics/store/mod.rs", "src/verify/mod.rs"],
    ),
    (
        "add_leads(",
        &["src/statistics/store/mod.rs", "src/verify/mod.rs"],
    ),
    (
        "add_deals(",
        &["src/statistics/store/deals.rs", "src/verify/mod.rs"],
    ),
    ("INTO audit_events", &["src/audit/insert_events.sql"]),
    ("INTO activities", &["src/activities/write_entries.sql"]),
    (
        "INTO contact_count_changes",
        &["src/statistics/store/add_contacts.sql"],
    ),
    (
        "INTO lead_counts",
        &[
            "src/statistics/store/mod.rs",
            "src/leads/store/insert_all.sql",
        ],
    ),
    ("INTO deal_counts", &["src/statistics/store/add_deals.sql"]),
];

#[test]
fn what_follows_from_changes_is_written_in_one_place() {
    let files = files_of("src", &["rs", "sql"]);
    assert_tidy(&files, "record a `Change`", |file, line| {
        !file.path.starts_with("src/recorder/")
            && FOLLOWS
                .iter()
                .any(|(word, places)| says(line, word) && !places.contains(&&*file.path))
    });
    for (word, places) in FOLLOWS {
        for place in places {
            let file = files.iter().find(|file| file.path == *place).unwrap();
            assert!(file.text.contains(word), "{place} does not say {word}");
        }
    }
}

#[test]
fn errors_become_statuses_in_one_place() {
    assert_tidy(&files("src"), "return an `Error`", |file, line| {
        says(line, "Status::") && !STATUSES.contains(&&*file.path)
    });
}

#[test]
fn what_a_test_waits_for_comes_or_fails_it() {
    assert_tidy(&files("tests"), "wait with `until`", |_, line| {
        let line = line.trim();
        line.starts_with("while ") && !line.starts_with("while let ") && line.ends_with("{}")
    });
}
