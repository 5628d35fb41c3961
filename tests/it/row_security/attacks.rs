//! What the service's role would do, were it taken over by somebody.

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use minicrm::{
    ids::OrganizationId,
    platform::{db::Conn, migrations},
};
use uuid::Uuid;

use super::{as_service, names, two_organizations};
use crate::support::new_database;

/// What acts as its owner, and how it is called with something of each type.
const DEFINERS: &str = "SELECT p.proname::text AS name, format('SELECT public.%I(%s)', p.proname,
        (SELECT string_agg(CASE format_type(type, NULL)
             WHEN 'uuid[]' THEN 'ARRAY(SELECT id FROM deals)'
             WHEN 'uuid' THEN quote_literal(gen_random_uuid())
             WHEN 'text' THEN quote_literal('%')
             WHEN 'text[]' THEN quote_literal('{a}')
             WHEN 'bigint' THEN '1'
             WHEN 'bigint[]' THEN quote_literal('{1}')
             ELSE 'NULL' END, ', ' ORDER BY place)
         FROM unnest(p.proargtypes) WITH ORDINALITY AS arguments (type, place))) AS call
    FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace NOT IN ('pg_catalog'::regnamespace,
        'information_schema'::regnamespace)
    ORDER BY p.proname";

#[derive(Debug, QueryableByName)]
struct Definer {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    call: String,
}

/// Types of the service's own under the names of others, which run code when a value
/// becomes one of theirs.
async fn plant(conn: &mut Conn) {
    for kind in ["uuid", "text", "int8", "int4", "bool", "jsonb", "regclass"] {
        let plant = format!(
            "CREATE FUNCTION pg_temp.run_{kind}(pg_catalog.{kind}) RETURNS pg_catalog.bool
             LANGUAGE plpgsql AS 'BEGIN RAISE ''the attack ran''; END';
             CREATE DOMAIN pg_temp.{kind} AS pg_catalog.{kind} CHECK (pg_temp.run_{kind}(VALUE))"
        );
        conn.batch_execute(&plant).await.unwrap();
    }
}

/// The names of the functions that run the service's code as their owner.
async fn run_by(
    conn: &mut Conn,
    definers: &[Definer],
    organization: OrganizationId,
) -> Vec<String> {
    let mut ran = Vec::new();
    for definer in definers {
        let scope = format!("BEGIN; SET LOCAL minicrm.organization_id = '{organization}'");
        conn.batch_execute(&scope).await.unwrap();
        let outcome = conn.batch_execute(&definer.call).await;
        if outcome.is_err_and(|error| error.to_string().contains("the attack ran")) {
            ran.push(definer.name.clone());
        }
        conn.batch_execute("ROLLBACK").await.unwrap();
    }
    ran
}

/// Mutant: `search_path = pg_catalog`, which the test itself tries.
#[tokio::test]
async fn nothing_that_acts_as_its_owner_runs_code_of_the_service() {
    let (url, [organization, _]) = two_organizations().await;
    let mut owner = Conn::establish(&url).await.unwrap();
    let definers: Vec<Definer> = sql_query(DEFINERS).get_results(&mut owner).await.unwrap();
    assert!(!definers.is_empty());
    let path = "SELECT p.proname::text AS name FROM pg_proc p
         WHERE p.prosecdef AND p.pronamespace NOT IN ('pg_catalog'::regnamespace,
             'information_schema'::regnamespace)
           AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)";
    assert_eq!(names(&mut owner, path).await, [""; 0]);

    let database = url.rsplit_once('/').unwrap().1;
    let allow = format!("GRANT TEMPORARY ON DATABASE {database} TO minicrm_app");
    owner.batch_execute(&allow).await.unwrap();
    let mut service = as_service(&url).await;
    plant(&mut service).await;
    let ran = run_by(&mut service, &definers, organization).await;
    assert_eq!(ran, [""; 0]);

    // The attack is one.
    for definer in &definers {
        let before = format!(
            "ALTER FUNCTION public.{} SET search_path = pg_catalog",
            definer.name
        );
        owner.batch_execute(&before).await.unwrap();
    }
    let mut service = as_service(&url).await;
    plant(&mut service).await;
    let ran = run_by(&mut service, &definers, organization).await;
    for name in ["erase_timelines", "search_leads"] {
        assert!(ran.iter().any(|ran| ran == name), "{name}: {ran:?}");
    }
}

/// Neither temporary ones, nor where everybody looks, however the database was before.
/// Mutant: `src/role.sql` without its REVOKE.
#[tokio::test]
async fn the_service_makes_nothing_of_its_own() {
    let url = new_database().await;
    let database = url.rsplit_once('/').unwrap().1;
    let mut owner = Conn::establish(&url).await.unwrap();
    // As databases of before Postgres 15 are.
    let open = format!(
        "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMPORARY ON DATABASE {database} TO PUBLIC"
    );
    owner.batch_execute(&open).await.unwrap();
    migrations::run(&url).await.unwrap();
    let mut service = as_service(&url).await;
    for make in [
        "CREATE TEMPORARY TABLE mine (id uuid)",
        "CREATE DOMAIN pg_temp.mine AS uuid",
        "CREATE TABLE public.mine (id uuid)",
        "CREATE FUNCTION public.lower(uuid) RETURNS text LANGUAGE sql AS 'SELECT NULL'",
    ] {
        let error = service.batch_execute(make).await.unwrap_err().to_string();
        assert!(error.contains("permission denied"), "{make}: {error}");
    }
}

/// Mutants: `GRANT UPDATE (denied_count)`; `WHERE d.count > 0` left out.
#[tokio::test]
async fn what_was_denied_is_counted_up_only() {
    let (url, [organization, _]) = two_organizations().await;
    let mut owner = Conn::establish(&url).await.unwrap();
    // As a migration of before has left it.
    let before = "GRANT UPDATE (denied_count) ON audit_events TO minicrm_app";
    owner.batch_execute(before).await.unwrap();
    migrations::run(&url).await.unwrap();
    let mut service = as_service(&url).await;
    let scope = format!("SET minicrm.organization_id = '{organization}'");
    service.batch_execute(&scope).await.unwrap();
    let id = Uuid::now_v7();
    for count in [5, -3, 2] {
        let add = format!(
            "SELECT add_denials('{{{id}}}', '{{{id}}}', '{{NULL}}', '{{DeleteLead}}',
                 '{{ROLE_DENIED}}', '{{{count}}}')"
        );
        service.batch_execute(&add).await.unwrap();
    }
    for lower in [
        "UPDATE audit_events SET denied_count = 0",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
    ] {
        let error = service.batch_execute(lower).await.unwrap_err().to_string();
        assert!(error.contains("permission denied"), "{lower}: {error}");
    }
    let count = format!("SELECT denied_count::text AS name FROM audit_events WHERE id = '{id}'");
    assert_eq!(names(&mut service, &count).await, ["7"]);
}
