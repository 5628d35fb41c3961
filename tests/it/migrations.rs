//! What has been applied is frozen, and a database that is not ours is left alone.

use std::{collections::BTreeMap, fs, path::Path};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Nullable, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use minicrm::{
    error::Error,
    platform::{
        db::Conn,
        migrations::{self, State, hash},
    },
};

use crate::support::{database_with, empty_database, new_database};

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<Text>)]
    hash: Option<String>,
}

async fn recorded(url: &str) -> Vec<Row> {
    let mut conn = Conn::establish(url).await.unwrap();
    sql_query("SELECT version::text, hash FROM __diesel_schema_migrations ORDER BY version")
        .get_results(&mut conn)
        .await
        .unwrap()
}

async fn execute(url: &str, sql: &str) {
    let mut conn = Conn::establish(url).await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}

/// All that somebody could have made in a database.
async fn made(url: &str) -> Vec<Row> {
    let mut conn = Conn::establish(url).await.unwrap();
    sql_query(
        "SELECT oid::regclass::text AS version, relacl::text AS hash FROM pg_class WHERE oid >= 16384
         UNION ALL SELECT oid::regprocedure::text, prosrc FROM pg_proc WHERE oid >= 16384
         UNION ALL SELECT extname::text, NULL FROM pg_extension WHERE oid >= 16384
         UNION ALL SELECT nspname::text, nspacl::text FROM pg_namespace
         ORDER BY 1",
    )
    .get_results(&mut conn)
    .await
    .unwrap()
}

/// Asserts that the database is refused with this in the message, and is as it was.
async fn assert_refused(url: &str, why: &str) {
    let before = made(url).await;
    let refused = migrations::run(url).await;
    let Err(error @ Error::Refused(_)) = refused else {
        panic!("{why}: {refused:?}");
    };
    assert!(error.to_string().contains(why), "{error}");
    assert_eq!(made(url).await, before, "{why}");
}

/// The lines of `migrations/pins`, which `sha256sum -c pins` understands, too.
fn pins() -> BTreeMap<String, String> {
    let pins = include_str!("../../migrations/pins").lines();
    let pins = pins.map(|line| line.split_once("  ").unwrap());
    pins.map(|(hash, file)| (file.to_owned(), hash.to_owned()))
        .collect()
}

/// Mutant: any change of a migration.
#[test]
fn migrations_are_frozen() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut pins = pins();
    let mut missing = Vec::new();
    for entry in fs::read_dir(&root).unwrap().flatten() {
        for file in ["down.sql", "up.sql"] {
            let Ok(text) = fs::read_to_string(entry.path().join(file)) else {
                assert!(entry.path().is_file(), "{entry:?} has no {file}");
                continue;
            };
            let name = format!("{}/{file}", entry.file_name().display());
            match pins.remove(&name) {
                None => missing.push(format!("{}  {name}", hash(&text))),
                Some(pinned) => assert_eq!(
                    hash(&text),
                    pinned,
                    "{name} has changed, which may have been applied: mend it by another migration"
                ),
            }
        }
    }
    assert!(pins.is_empty(), "these migrations are gone: {pins:?}");
    missing.sort_unstable();
    let missing = missing.join("\n");
    assert!(missing.is_empty(), "add to migrations/pins:\n{missing}");
}

/// Mutants: hashes that are not looked at; not recorded.
#[tokio::test]
async fn a_database_with_other_migrations_is_refused() {
    let url = new_database().await;
    let rows = recorded(&url).await;
    let pins = pins();
    for row in &rows {
        let hash = row.hash.as_ref().unwrap();
        assert!(pins.values().any(|pinned| pinned == hash), "{row:?}");
    }
    let version = &rows[2].version;
    let other =
        format!("UPDATE __diesel_schema_migrations SET hash = 'a' WHERE version = '{version}'");
    execute(&url, &other).await;
    assert_refused(
        &url,
        "2026-11-21-000002_intake was applied with another text",
    )
    .await;
    let statuses = migrations::status(&url).await.unwrap();
    let differs: Vec<_> = statuses
        .iter()
        .filter(|status| status.state != State::Applied)
        .collect();
    assert_eq!(differs.len(), 1);
    assert_eq!(
        (differs[0].name.as_str(), differs[0].state),
        ("2026-11-21-000002_intake", State::Differs)
    );
    assert!(matches!(
        migrations::undo(&url, 1).await,
        Err(Error::Refused(_))
    ));

    // Pinning begins where a database of before has no hashes.
    execute(
        &url,
        "ALTER TABLE __diesel_schema_migrations DROP COLUMN hash",
    )
    .await;
    assert_eq!(migrations::run(&url).await.unwrap(), 0);
    assert_eq!(recorded(&url).await, rows);
}

/// The version before is started again while a new one is rolled out. Mutant: unknown
/// migrations that are refused.
#[tokio::test]
async fn a_database_of_a_newer_version_is_used() {
    let url = new_database().await;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231000000')";
    execute(&url, newer).await;
    assert_eq!(migrations::run(&url).await.unwrap(), 0);
    let last = migrations::status(&url).await.unwrap().pop().unwrap();
    assert_eq!(
        (last.name.as_str(), last.state),
        ("99991231000000", State::Unknown)
    );
    // What it does not know it cannot undo, nor what is below that.
    let before = recorded(&url).await;
    assert!(matches!(
        migrations::undo(&url, 1).await,
        Err(Error::Refused(_))
    ));
    assert_eq!(recorded(&url).await, before);
}

/// Mutant: the examination after the lock's table.
#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    for theirs in [
        "CREATE TABLE orders (id integer)",
        "CREATE VIEW orders AS SELECT 1 AS id",
        "CREATE SEQUENCE orders",
        // Another application that migrates in the same way.
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY,
             run_on timestamp NOT NULL DEFAULT now());
         INSERT INTO __diesel_schema_migrations VALUES ('20200101000000');
         CREATE TABLE orders (id integer)",
    ] {
        let url = empty_database().await;
        execute(&url, theirs).await;
        assert_refused(&url, "orders").await;
    }
    // What belongs to an extension is nobody's, and a start that was killed may go on.
    let url = empty_database().await;
    let harmless = "CREATE EXTENSION pg_stat_statements;
        CREATE TABLE migration_lock (id integer PRIMARY KEY CHECK (id = 1))";
    execute(&url, harmless).await;
    assert!(migrations::run(&url).await.unwrap() > 0);
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let options =
            format!("TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'");
        let url = database_with(&options).await;
        assert_refused(&url, encoding).await;
    }
}

#[tokio::test]
async fn a_login_that_looks_elsewhere_first_is_refused() {
    let url = empty_database().await;
    let database = url.rsplit_once('/').unwrap().1;
    let elsewhere = format!(
        "CREATE SCHEMA elsewhere; ALTER DATABASE {database} SET search_path = elsewhere, public"
    );
    execute(&url, &elsewhere).await;
    assert_refused(&url, "search_path").await;
}
