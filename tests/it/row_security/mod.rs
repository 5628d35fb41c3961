//! Row-level security: whatever a query forgets, it meets no other organization's
//! rows.

mod attacks;
mod connections;
mod tables;

use std::time::Duration;

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use minicrm::{
    app::Settings,
    fold_counts,
    ids::OrganizationId,
    platform::db::{Conn, Db},
};

use crate::support::{
    App, FOLDING, contact, external, new_database, operator, request_id, settings,
};

/// Tables whose rows belong to no organization, and the only ones without a
/// policy.
const WITHOUT: &str = "('migration_lock', '__diesel_schema_migrations',
    'users', 'sessions', 'refresh_tokens', 'user_tokens', 'background_leases')";

#[derive(Debug, QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

async fn names(conn: &mut Conn, query: &str) -> Vec<String> {
    let rows: Vec<Name> = sql_query(query).get_results(conn).await.unwrap();
    rows.into_iter().map(|row| row.name).collect()
}

/// A connection that acts as the service does.
async fn as_service(url: &str) -> Conn {
    let mut conn = Conn::establish(url).await.unwrap();
    conn.batch_execute("SET ROLE minicrm_app").await.unwrap();
    conn
}

/// A server for this organization, on a database that others may use, too. It does not fold.
async fn serving(url: &str, organization_id: OrganizationId) -> App {
    let settings = Settings {
        organizations: vec![organization_id],
        ..settings()
    };
    App::holding_back(url.to_owned(), settings, &FOLDING).await
}

/// Two organizations in one database, each with some of everything.
async fn two_organizations() -> (String, [OrganizationId; 2]) {
    let url = new_database().await;
    let db = Db::new(&url, 1, Duration::from_secs(5)).unwrap();
    let ids = [OrganizationId::generate(), OrganizationId::generate()];
    for id in ids {
        let app = serving(&url, id).await;
        let ann = app.operator(operator("Ann")).await;
        let source = app.source("bot", &[(&ann, 1)]).await;
        for lead in ["chat-1", "chat-2"] {
            let mut request = contact(&source, external(lead));
            request.request_id = request_id();
            // What is counted of the second stays a change.
            fold_counts(&db, id).await.unwrap();
            let lead = app.create_contact(request).await.unwrap().lead.unwrap();
            let deal = app.deal_with(&lead.id, "Deal").await;
            app.task(&deal, "Call").await;
        }
        let others = format!(
            "INSERT INTO members (organization_id, user_id, role) VALUES ('{id}', '{id}', 'OWNER');
             INSERT INTO invitations (organization_id, id, email, role, token_hash, expire_time)
             VALUES ('{id}', '{id}', 'ann@example.com', 'MEMBER', '', now());
             INSERT INTO api_keys (organization_id, id, name, access, secret_hash)
             VALUES ('{id}', '{id}', 'bot', 'INTAKE', '');
             INSERT INTO contact_counts VALUES ('{id}', '{id}', now(), '{id}', 1, 0, 0, 0)"
        );
        let mut conn = app.database().await;
        conn.batch_execute(&others).await.unwrap();
    }
    (url, ids)
}

/// Mutant: ENABLE without FORCE.
#[tokio::test]
async fn every_table_has_a_policy_for_all() {
    let query = format!(
        "SELECT t.oid::regclass::text AS name FROM pg_class t
         WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace
           AND t.relname NOT IN {WITHOUT}
           AND NOT (t.relrowsecurity AND t.relforcerowsecurity AND EXISTS (
               SELECT FROM pg_policy p
               WHERE p.polrelid = t.oid AND p.polname = t.relname || '_organization'
                 AND p.polcmd = '*' AND p.polroles = '{{0}}'
                 AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL))
       UNION ALL
         SELECT polrelid::regclass || ': ' || polname FROM pg_policy
         WHERE polname <> 'organizations_list'
           AND polname <> (SELECT relname FROM pg_class WHERE oid = polrelid) || '_organization'"
    );
    let mut conn = Conn::establish(&new_database().await).await.unwrap();
    assert_eq!(names(&mut conn, &query).await, [""; 0]);
}

#[tokio::test]
async fn the_role_of_the_service_owns_nothing_and_passes_nothing() {
    let mut conn = Conn::establish(&new_database().await).await.unwrap();
    let query = "SELECT rolname::text AS name FROM pg_roles
         WHERE rolname = 'minicrm_app'
           AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
           AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = pg_roles.oid)
           AND NOT EXISTS (SELECT FROM pg_shdepend d WHERE d.refobjid = pg_roles.oid
                           AND d.deptype = 'o')";
    assert_eq!(names(&mut conn, query).await, ["minicrm_app"]);
    // What acts as its owner is not for everybody.
    let open = "SELECT p.oid::regprocedure::text AS name FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
           AND (p.proconfig IS NULL OR has_function_privilege('public', p.oid, 'EXECUTE')
                OR NOT has_function_privilege('minicrm_app', p.oid, 'EXECUTE'))";
    assert_eq!(names(&mut conn, open).await, [""; 0]);
}
