//! The cost of a call does not grow with the tables: statements are planned
//! while these are small and must not scan them when they have grown.

mod contacts;
mod deals;
mod lists;

use diesel::{QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use minicrm::{
    call::DEVELOPMENT_ORGANIZATION,
    platform::db::Conn,
    proto::{
        Contact, CreateContactRequest, GetDistributionRequest, GetOverviewRequest, LeadIdentity,
        Source,
    },
};

use crate::support::{App, call, contact, external, new_database, operator, request_id, until};

const ROWS: i64 = 20_000;

#[derive(Debug, QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// A server that reads by one connection: all of its statements are planned while
/// its organization is like all others, small, and known to be.
async fn start() -> App {
    let organizations = vec![DEVELOPMENT_ORGANIZATION];
    let app = App::with_connections(new_database().await, organizations, 3).await;
    let others = "
        INSERT INTO organizations (id, name) SELECT gen_random_uuid(), 'small'
        FROM generate_series(1, 100);
        INSERT INTO leads (organization_id, id, external_id, owner_user_id)
        SELECT o.id, gen_random_uuid(), n, gen_random_uuid()
        FROM organizations AS o, generate_series(1, 30) AS n WHERE o.name = 'small';
        INSERT INTO contacts (organization_id, id, lead_id, source_id, backlog_reason)
        SELECT organization_id, gen_random_uuid(), id, gen_random_uuid(), 'NO_OPERATORS'
        FROM leads;
        INSERT INTO deals (organization_id, id, lead_id, title, amount, currency, status, stage,
            reached_stage)
        SELECT organization_id, gen_random_uuid(), id, 'deal', 1, 'EUR', 'NEW', 'QUALIFICATION',
            'QUALIFICATION'
        FROM leads;
        INSERT INTO tasks (organization_id, id, deal_id, title, description)
        SELECT organization_id, gen_random_uuid(), id, 'task', '' FROM deals";
    let mut conn = app.database().await;
    conn.batch_execute(others).await.unwrap();
    conn.batch_execute("VACUUM ANALYZE").await.unwrap();
    app
}

async fn number(conn: &mut Conn, sql: &str) -> i64 {
    // What this session read itself counts too, once it has been told.
    conn.batch_execute("SELECT pg_stat_force_next_flush()")
        .await
        .unwrap();
    let row: Number = sql_query(sql).get_result(conn).await.unwrap();
    row.number
}

/// How many rows and index entries have been read in this database.
async fn rows_read(conn: &mut Conn) -> i64 {
    let sql = "SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)::bigint
                    + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)::bigint AS number";
    number(conn, sql).await
}

/// Stops the server, and waits until its connections are gone: they report what
/// they read when they end at the latest.
async fn stop(app: &App, conn: &mut Conn) {
    app.stop();
    let others = "SELECT count(*) AS number FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    until("the connections are gone", async || {
        number(conn, others).await == 0
    })
    .await;
}

/// Stops the server; asserts that it has read at most so many rows since then.
async fn assert_read(app: &App, conn: &mut Conn, before: i64, at_most: i64) {
    stop(app, conn).await;
    let read = rows_read(conn).await - before;
    assert!(read <= at_most, "{read} rows were read, not {at_most}");
}

/// Everything that happens to a contact, and what happens besides.
async fn use_contacts(app: &App, source: &Source, round: usize) {
    let known = external("known");
    let more = LeadIdentity {
        phone: format!("+4930123{round:05}"),
        ..external(round)
    };
    for lead in [known, external(round), more] {
        let request = CreateContactRequest {
            request_id: request_id(),
            ..contact(source, lead)
        };
        let first = app.create_contact(request.clone()).await.unwrap();
        assert_eq!(app.create_contact(request).await.unwrap(), first);
        let contact = app.reassign(&first.contact.unwrap()).await.unwrap();
        app.close(&contact).await;
        app.get_contact(&contact).await;
        app.history(&contact).await;
        app.get_lead(&contact.lead_id).await;
        ask_for_statistics(app, &contact).await;
    }
    app.fold().await;
}

/// For all statistics, and for those of the contacts since this one.
async fn ask_for_statistics(app: &App, contact: &Contact) {
    call!(app.analytics.get_overview(GetOverviewRequest {})).unwrap();
    for start_time in [None, contact.create_time] {
        let request = GetDistributionRequest {
            start_time,
            ..Default::default()
        };
        call!(app.analytics.get_distribution(request)).unwrap();
    }
}

/// Mutants: `enable_seqscan` left on; the answers to request ids saved by an
/// UPDATE that joins.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_reads_more_rows_when_there_are_more() {
    let app = start().await;
    let ann = app.operator(operator("Ann")).await;
    let bob = app.operator(operator("Bob")).await;
    let source = app.source("bot", &[(&ann, 1), (&bob, 1)]).await;
    // Small tables, known as such, and statements executed often enough to have
    // got the plan they will keep.
    for round in 0..30 {
        use_contacts(&app, &source, round).await;
    }
    let mut conn = app.database().await;
    conn.batch_execute("ANALYZE").await.unwrap();
    for round in 30..60 {
        use_contacts(&app, &source, round).await;
    }

    let organization = DEVELOPMENT_ORGANIZATION;
    let fill = format!(
        "INSERT INTO leads (organization_id, id, external_id)
         SELECT '{organization}', gen_random_uuid(), 'filled-' || n
         FROM generate_series(1, {ROWS}) AS n;
         INSERT INTO contacts (organization_id, id, lead_id, source_id, backlog_reason)
         SELECT '{organization}', gen_random_uuid(), id, '{source}', 'NO_OPERATORS'
         FROM leads WHERE external_id LIKE 'filled-%';
         INSERT INTO assignments (organization_id, contact_id, id, kind, create_time)
         SELECT '{organization}', id, gen_random_uuid(), 'AUTOMATIC', now() FROM contacts;
         INSERT INTO requests (organization_id, method, request_id, fingerprint)
         SELECT '{organization}', 'BatchCreateContacts', gen_random_uuid(), ''
         FROM generate_series(1, {ROWS})",
        source = source.id
    );
    conn.batch_execute(&fill).await.unwrap();
    let before = rows_read(&mut conn).await;
    for round in 60..65 {
        use_contacts(&app, &source, round).await;
    }

    assert_read(&app, &mut conn, before, ROWS / 4 - 1).await;
}

/// Mutant: the index of answers by time without its condition.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_found_by_their_key_though_the_table_was_known_to_be_empty() {
    let app = start().await;
    let source = app.source("bot", &[]).await;
    let mut conn = app.database().await;
    let create = async |n: usize| {
        let request = CreateContactRequest {
            request_id: request_id(),
            ..contact(&source, external(n))
        };
        app.create_contact(request).await.unwrap();
    };
    // Each connection plans its statements.
    for n in 0..4 {
        create(n).await;
    }
    let fill = format!(
        "INSERT INTO requests (organization_id, method, request_id, fingerprint, response)
         SELECT '{DEVELOPMENT_ORGANIZATION}', 'BatchCreateContacts', gen_random_uuid(), '', ''
         FROM generate_series(1, {ROWS})",
    );
    conn.batch_execute(&fill).await.unwrap();
    let before = rows_read(&mut conn).await;
    for n in 4..8 {
        create(n).await;
    }

    assert_read(&app, &mut conn, before, ROWS / 4 - 1).await;
}

/// Mutant: contacts locked where `id = ANY`.
#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_found_by_their_ids_though_the_table_was_known_to_be_empty() {
    let organizations = vec![DEVELOPMENT_ORGANIZATION];
    let app = App::with_connections(new_database().await, organizations, 3).await;
    let mut conn = app.database().await;
    conn.batch_execute("VACUUM ANALYZE").await.unwrap();
    let ann = app.operator(operator("Ann")).await;
    let source = app.source("bot", &[(&ann, 1)]).await;
    let close = async || {
        let contact = app.contact(&source).await;
        app.close(&contact).await;
        app.get_contact(&contact).await;
    };
    for _ in 0..4 {
        close().await;
    }
    let fill = format!(
        "INSERT INTO contacts (organization_id, id, lead_id, source_id, backlog_reason)
         SELECT organization_id, gen_random_uuid(), lead_id, source_id, 'NO_OPERATORS'
         FROM (SELECT * FROM contacts LIMIT 1) AS c, generate_series(1, {ROWS})"
    );
    conn.batch_execute(&fill).await.unwrap();
    let before = rows_read(&mut conn).await;
    for _ in 0..4 {
        close().await;
    }

    assert_read(&app, &mut conn, before, ROWS / 4 - 1).await;
}
