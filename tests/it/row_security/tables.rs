//! Statements that name no organization, on every table.

use diesel::{
    QueryableByName,
    result::{DatabaseErrorKind as Kind, Error},
    sql_query,
    sql_types::BigInt,
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use minicrm::{ids::OrganizationId, platform::db::Conn};
use uuid::Uuid;

use super::{as_service, names, two_organizations};

#[derive(Debug, QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// The tables whose rows belong to an organization; those that others refer to
/// last.
const TABLES: &str = "SELECT t.relname::text AS name FROM pg_class t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'organization_id'
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace
    ORDER BY EXISTS (SELECT FROM pg_constraint WHERE confrelid = t.oid), t.relname";

/// What nobody changes or deletes.
const APPEND_ONLY: [&str; 2] = ["activities", "audit_events"];

/// The settings that are not one organization's.
fn other_scopes(ids: [OrganizationId; 2]) -> [String; 4] {
    let [first, second] = ids;
    [
        String::new(),
        "SET LOCAL minicrm.organization_id = ''".to_owned(),
        "SET LOCAL minicrm.organization_id = '*'".to_owned(),
        format!("SET LOCAL minicrm.organization_id = '{first},{second}'"),
    ]
}

async fn number(conn: &mut Conn, query: &str) -> Result<i64, Error> {
    let row: Result<Number, _> = sql_query(query).get_result(conn).await;
    Ok(row?.number)
}

/// The number of rows; 0 if they are refused.
async fn rows(conn: &mut Conn, table: &str) -> i64 {
    let query = format!("SELECT count(*) AS number FROM {table}");
    number(conn, &query).await.unwrap_or_default()
}

/// Runs statements in a transaction with a scope, and takes them back: the number
/// of rows that the last one changed.
async fn undone(conn: &mut Conn, scope: &str, statement: &str) -> Result<usize, Error> {
    conn.batch_execute(&format!("BEGIN; {scope}")).await?;
    let done = sql_query(statement).execute(conn).await;
    conn.batch_execute("ROLLBACK").await?;
    done
}

/// Asserts that the database refuses it, and not because of a key.
#[track_caller]
fn assert_refused(outcome: &Result<usize, Error>, what: &str) {
    let refused = matches!(outcome, Err(Error::DatabaseError(Kind::Unknown, _)));
    assert!(refused, "{what}: {outcome:?}");
}

/// A copy of every table, to write from what cannot be read.
async fn copy(url: &str, tables: &[String]) {
    let mut conn = Conn::establish(url).await.unwrap();
    conn.batch_execute("CREATE SCHEMA copies").await.unwrap();
    for table in tables {
        let copy = format!("CREATE TABLE copies.{table} AS TABLE public.{table}");
        conn.batch_execute(&copy).await.unwrap();
    }
    let grant = "GRANT USAGE ON SCHEMA copies TO minicrm_app;
                 GRANT SELECT ON ALL TABLES IN SCHEMA copies TO minicrm_app";
    conn.batch_execute(grant).await.unwrap();
}

/// The statement that writes rows as they were read, but for what is generated.
async fn insert(conn: &mut Conn, table: &str, rows: &str) -> String {
    let columns = format!(
        "SELECT attname::text AS name FROM pg_attribute
         WHERE attrelid = 'public.{table}'::regclass AND attnum > 0
           AND NOT attisdropped AND attgenerated = ''"
    );
    let columns = names(conn, &columns).await.join(", ");
    format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {rows}")
}

/// Mutants: `USING (true)`; `WITH CHECK (true)`.
#[tokio::test]
async fn without_the_scope_of_one_organization_there_are_no_rows() {
    let (url, ids) = two_organizations().await;
    let tables = names(&mut Conn::establish(&url).await.unwrap(), TABLES).await;
    copy(&url, &tables).await;
    let mut conn = as_service(&url).await;
    for table in &tables {
        for scope in other_scopes(ids) {
            let what = format!("{table} with {scope:?}");
            conn.batch_execute(&format!("BEGIN; {scope}"))
                .await
                .unwrap();
            assert_eq!(rows(&mut conn, table).await, 0, "{what}");
            conn.batch_execute("ROLLBACK").await.unwrap();
            let insert = insert(&mut conn, table, &format!("copies.{table}")).await;
            assert_refused(&undone(&mut conn, &scope, &insert).await, &what);
        }
    }
}

#[tokio::test]
async fn organizations_are_named_one_by_one_or_listed() {
    let (url, [first, second]) = two_organizations().await;
    let mut conn = as_service(&url).await;
    let both = format!("{first},{second}");
    for (setting, seen, renames, may_insert) in [
        ("", 0, 0, false),
        (&first.to_string(), 1, 1, false),
        (&both, 2, 2, false),
        ("*", 2, 0, false),
        (&Uuid::nil().to_string(), 0, 0, true),
    ] {
        let scope = format!("SET LOCAL minicrm.organization_id = '{setting}'");
        conn.batch_execute(&format!("BEGIN; {scope}"))
            .await
            .unwrap();
        assert_eq!(rows(&mut conn, "organizations").await, seen, "{setting}");
        conn.batch_execute("ROLLBACK").await.unwrap();
        let insert = format!(
            "INSERT INTO organizations VALUES ('{}', 'new')",
            Uuid::nil()
        );
        let inserted = undone(&mut conn, &scope, &insert).await;
        assert_eq!(inserted.is_ok(), may_insert, "{setting}");
        let rename = "UPDATE organizations SET name = 'renamed'";
        let renamed = undone(&mut conn, &scope, rename).await.unwrap();
        assert_eq!(renamed, renames, "{setting}");
    }
}

#[tokio::test]
async fn one_organization_never_meets_the_rows_of_another() {
    let (url, [first, second]) = two_organizations().await;
    let mut behind = Conn::establish(&url).await.unwrap();
    let tables = names(&mut behind, TABLES).await;
    copy(&url, &tables).await;
    let mut conn = as_service(&url).await;
    let scope = format!("SET LOCAL minicrm.organization_id = '{first}'");
    for table in &tables {
        let of = |id| format!("copies.{table} WHERE organization_id = '{id}'");
        let own = rows(&mut behind, &of(first)).await;
        assert!(
            own > 0 && rows(&mut behind, &of(second)).await > 0,
            "{table}"
        );

        conn.batch_execute(&format!("BEGIN; {scope}"))
            .await
            .unwrap();
        assert_eq!(rows(&mut conn, table).await, own, "{table}");
        conn.batch_execute("ROLLBACK").await.unwrap();

        let insert = insert(&mut conn, table, &of(second)).await;
        assert_refused(&undone(&mut conn, &scope, &insert).await, table);
        let give = format!("UPDATE {table} SET organization_id = '{second}'");
        assert_refused(&undone(&mut conn, &scope, &give).await, table);
        let touch = format!("UPDATE {table} SET organization_id = organization_id");
        let touched = undone(&mut conn, &scope, &touch).await;
        if APPEND_ONLY.contains(&table.as_str()) {
            assert_refused(&touched, table);
        } else {
            assert_eq!(i64::try_from(touched.unwrap()).unwrap(), own, "{table}");
        }
    }

    conn.batch_execute(&format!("BEGIN; {scope}"))
        .await
        .unwrap();
    let others = || {
        tables
            .iter()
            .filter(|table| !APPEND_ONLY.contains(&table.as_str()))
    };
    for table in others() {
        let delete = sql_query(format!("DELETE FROM {table}"));
        delete.execute(&mut conn).await.unwrap();
    }
    conn.batch_execute("COMMIT").await.unwrap();
    for table in others() {
        let changed = format!(
            "SELECT count(*) AS number FROM (
                 (TABLE {table} EXCEPT SELECT * FROM copies.{table} WHERE organization_id = '{second}')
                 UNION ALL
                 (SELECT * FROM copies.{table} WHERE organization_id = '{second}' EXCEPT TABLE {table})
             ) AS changed"
        );
        assert_eq!(number(&mut behind, &changed).await, Ok(0), "{table}");
    }
}

/// What looks past the policies finds what the scope allows, by no argument.
#[tokio::test]
async fn looking_up_a_text_gives_ids_of_the_organization_only() {
    let (url, ids) = two_organizations().await;
    let mut conn = as_service(&url).await;
    let found = "SELECT count(*) AS number FROM search_leads('%', 'chat-', 1000)";
    let [first, _] = ids;
    let one = format!("SET LOCAL minicrm.organization_id = '{first}'");
    conn.batch_execute(&format!("BEGIN; {one}")).await.unwrap();
    let mine = "SELECT count(*) AS number FROM search_leads('%', 'chat-', 1000) AS s (id)
                JOIN leads USING (id)";
    assert_eq!(number(&mut conn, found).await, Ok(2));
    assert_eq!(number(&mut conn, mine).await, Ok(2));
    conn.batch_execute("ROLLBACK").await.unwrap();
    for scope in other_scopes(ids) {
        conn.batch_execute(&format!("BEGIN; {scope}"))
            .await
            .unwrap();
        assert_eq!(
            number(&mut conn, found).await.unwrap_or_default(),
            0,
            "{scope}"
        );
        conn.batch_execute("ROLLBACK").await.unwrap();
    }
}
