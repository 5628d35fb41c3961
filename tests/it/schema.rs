//! The schema: what the code believes of it, its keys, and its migrations.

use std::{collections::BTreeMap, fs};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Bool, Nullable, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl};
use minicrm::platform::{db::Conn, migrations};

use crate::support::{empty_database, new_database};

/// Tables that are not the application's.
const OTHERS: &str = "('migration_lock', '__diesel_schema_migrations')";
/// Tables whose rows belong to no organization.
const SHARED: &str = "('users', 'sessions', 'refresh_tokens', 'user_tokens', 'background_leases')";

#[derive(Debug, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    table_comment: Option<String>,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Text)]
    udt_name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(Debug, QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    finding: String,
}

async fn connect(url: &str) -> Conn {
    Conn::establish(url).await.unwrap()
}

/// The `table!` blocks of a database, by table.
async fn tables(url: &str) -> BTreeMap<String, String> {
    let columns: Vec<Column> = sql_query(format!(
        "SELECT c.table_name::text, obj_description(t.oid) AS table_comment,
                (SELECT string_agg(a.attname, ', ' ORDER BY k.place)
                 FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                 JOIN pg_attribute a ON a.attnum = k.number
                 WHERE i.indrelid = t.oid AND i.indisprimary AND a.attrelid = t.oid) AS key,
                c.column_name::text AS name, col_description(t.oid, c.ordinal_position) AS comment,
                c.udt_name::text, c.is_nullable = 'YES' AS nullable
         FROM information_schema.columns c
         JOIN pg_class t ON t.oid = ('public.' || c.table_name)::regclass
         WHERE c.table_schema = 'public' AND c.table_name NOT IN {OTHERS}
         ORDER BY c.table_name, c.column_name COLLATE \"C\""
    ))
    .get_results(&mut connect(url).await)
    .await
    .unwrap();
    let mut tables = BTreeMap::new();
    for column in columns {
        let table: &mut String = tables.entry(column.table_name.clone()).or_default();
        if table.is_empty() {
            let comment = column.table_comment.expect("a comment on the table");
            *table = format!(
                "diesel::table! {{\n    /// {comment}\n    {} ({}) {{\n",
                column.table_name, column.key
            );
        }
        if let Some(comment) = &column.comment {
            table.extend(["        /// ", comment, "\n"]);
        }
        let mut kind = column.udt_name;
        kind[..1].make_ascii_uppercase();
        if let Some(of) = kind.strip_prefix('_') {
            kind = format!("Array<{}{}>", of[..1].to_uppercase(), &of[1..]);
        }
        if column.nullable {
            kind = format!("Nullable<{kind}>");
        }
        table.extend(["        ", &column.name, " -> ", &kind, ",\n"]);
    }
    for table in tables.values_mut() {
        *table += "    }\n}";
    }
    tables
}

/// Runs a query of which each row is a breach.
async fn assert_none(query: &str) {
    let mut conn = connect(&new_database().await).await;
    let findings: Vec<Finding> = sql_query(query).get_results(&mut conn).await.unwrap();
    let findings: Vec<_> = findings.iter().map(|row| row.finding.as_str()).collect();
    assert_eq!(findings, [""; 0]);
}

#[tokio::test]
async fn the_code_knows_the_schema_that_migrations_make() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schema.rs");
    let file = fs::read_to_string(file).unwrap();
    let blocks = file.split("\n\n").map(str::trim);
    let known: Vec<_> = blocks
        .filter(|block| block.starts_with("diesel::table!"))
        .collect();
    let made = tables(&new_database().await).await;
    for (known, made) in known.iter().zip(made.values()) {
        assert_eq!(known, made);
    }
    assert_eq!(known.len(), made.len());
}

/// Mutant: a table with a trigger, or an identity column.
#[tokio::test]
async fn nothing_happens_in_the_database_by_itself() {
    assert_none(
        "SELECT 'a trigger: ' || tgrelid::regclass || ' ' || tgname AS finding
         FROM pg_trigger WHERE NOT tgisinternal
       UNION ALL
         SELECT 'a sequence: ' || oid::regclass FROM pg_class
         WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
       UNION ALL
         SELECT 'a rule: ' || ev_class::regclass || ' ' || rulename
         FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')",
    )
    .await;
}

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    assert_none(
        "SELECT c.conrelid::regclass || ': ' || c.conname AS finding
         FROM pg_constraint c
         WHERE c.contype = 'f' AND NOT EXISTS (
             SELECT FROM pg_index i
             WHERE i.indrelid = c.conrelid
               AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) IN (
                   SELECT format('(%I IS NOT NULL)', attname) FROM pg_attribute
                   WHERE attrelid = c.conrelid AND attnum = ANY (c.conkey)))
               AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)",
    )
    .await;
}

#[tokio::test]
async fn the_organization_is_the_first_column_of_every_key() {
    assert_none(&format!(
        "WITH tables AS (
             SELECT oid FROM pg_class
             WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
               AND relname <> 'organizations' AND relname NOT IN {OTHERS} AND relname NOT IN {SHARED}),
         organization AS (
             SELECT attrelid, attnum FROM pg_attribute WHERE attname = 'organization_id'),
         keys AS (
             SELECT i.indrelid AS table_id, i.indexrelid::regclass::text AS name, i.indkey[0] AS first
             FROM pg_index i WHERE i.indisunique
           UNION ALL
             SELECT conrelid, conname::text, conkey[1] FROM pg_constraint WHERE contype = 'f'
           UNION ALL
             SELECT confrelid, conname || ' (its target)', confkey[1] FROM pg_constraint
             WHERE contype = 'f' AND confrelid <> 'organizations'::regclass)
         SELECT 'no primary key: ' || t.oid::regclass AS finding FROM tables t
         WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
       UNION ALL
         SELECT k.table_id::regclass || ': ' || k.name FROM keys k
         JOIN tables t ON t.oid = k.table_id
         LEFT JOIN organization o ON o.attrelid = k.table_id
         WHERE k.first IS DISTINCT FROM o.attnum"
    ))
    .await;
}

/// `deploy/citus.sql` stops at a table that it does not name; this is earlier.
#[tokio::test]
async fn it_is_said_where_each_table_goes_in_a_cluster() {
    let script = include_str!("../../deploy/citus.sql");
    let lists = script.split("constant text[] := ARRAY[").skip(1);
    let lists: Vec<_> = lists.map(|rest| rest.split_once(']').unwrap().0).collect();
    assert_eq!(lists.len(), 3, "reference, distributed, coordinator");
    let mut named: Vec<_> = lists
        .iter()
        .flat_map(|list| list.split('\'').skip(1).step_by(2))
        .filter(|name| !OTHERS.contains(name))
        .collect();
    named.sort_unstable();
    let made = tables(&new_database().await).await;
    assert_eq!(named, made.keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn migrations_can_be_undone_and_done_again() {
    let url = empty_database().await;
    let count = migrations::run(&url).await.unwrap();
    assert!(count > 0);
    assert_eq!(migrations::run(&url).await.unwrap(), 0);
    let made = tables(&url).await;
    migrations::undo(&url, count).await.unwrap();
    assert_eq!(tables(&url).await, BTreeMap::new());
    assert_eq!(migrations::run(&url).await.unwrap(), count);
    assert_eq!(tables(&url).await, made);
}

#[tokio::test]
async fn processes_that_migrate_at_once_wait_for_each_other() {
    for _ in 0..3 {
        let url = empty_database().await;
        let run = || migrations::run(&url);
        let counts = tokio::join!(run(), run(), run(), run());
        let mut counts = [counts.0, counts.1, counts.2, counts.3].map(Result::unwrap);
        counts.sort_unstable();
        assert!(counts[..3] == [0, 0, 0] && counts[3] > 0, "{counts:?}");
    }
}
