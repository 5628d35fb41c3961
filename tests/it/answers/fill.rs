//! Everything with the longest texts there may be.

use minicrm::call::DEVELOPMENT_ORGANIZATION as ORGANIZATION;
use uuid::Uuid;

use crate::support::App;

/// What the page of a list ends at, about.
pub const PAGE_BYTES: usize = 3 * 1024 * 1024 + 128 * 1024;
/// How many there are of what has texts of 40 KB.
pub const LONG: usize = 200;
/// How many there are of the rest.
pub const MANY: usize = 1_000;

/// The id with this number.
pub fn id(n: usize) -> String {
    Uuid::from_u128(n as u128).to_string()
}

/// Everything with the longest texts there may be: a source whose weights are all there
/// can be, a lead with all of the contacts and deals, a deal with all of the tasks and
/// the longest timeline, a contact that was decided about many times.
pub async fn fill(app: &App) {
    app.execute(&format!(
        r"CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid LANGUAGE sql AS
           $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;
           CREATE FUNCTION pg_temp.long(n integer) RETURNS text LANGUAGE sql AS
           $$ SELECT repeat(U&'\+01F600', n) $$;
           INSERT INTO leads (organization_id, id, external_id, email, name)
           SELECT '{ORGANIZATION}', pg_temp.id(n), n || pg_temp.long(250),
                  n || pg_temp.long(230) || '@example.org', pg_temp.long(256)
           FROM generate_series(1, {MANY}) AS n;
           INSERT INTO operators (organization_id, id, name)
           SELECT '{ORGANIZATION}', pg_temp.id(n), pg_temp.long(256)
           FROM generate_series(1, {MANY} + 1) AS n;
           INSERT INTO sources (organization_id, id, code, name, description)
           SELECT '{ORGANIZATION}', pg_temp.id(n), n, pg_temp.long(256), pg_temp.long(2000)
           FROM generate_series(1, {MANY}) AS n;
           INSERT INTO operator_weights (organization_id, source_id, operator_id, weight)
           SELECT '{ORGANIZATION}', pg_temp.id(1), pg_temp.id(n), 1000000
           FROM generate_series(1, {MANY}) AS n;
           INSERT INTO contacts (organization_id, id, lead_id, source_id, message, backlog_reason)
           SELECT '{ORGANIZATION}', pg_temp.id(n), pg_temp.id(1), pg_temp.id(1),
                  pg_temp.long(10000), 'NO_OPERATORS'
           FROM generate_series(1, {LONG}) AS n;
           INSERT INTO candidate_pools (organization_id, id, source_id, candidates, excluded)
           SELECT '{ORGANIZATION}', pg_temp.id(p), pg_temp.id(1), (
                  SELECT jsonb_agg(jsonb_build_object('operator_id', pg_temp.id(n), 'weight', n))
                  FROM generate_series(1, {MANY}) AS n), '[]'
           FROM generate_series(1, {LONG}) AS p;
           INSERT INTO assignments (organization_id, contact_id, id, kind, pool_id, create_time)
           SELECT '{ORGANIZATION}', pg_temp.id(1), pg_temp.id(n), 'KEPT', pg_temp.id(n), now()
           FROM generate_series(1, {LONG}) AS n;
           INSERT INTO deals (organization_id, id, lead_id, title, amount, currency, status,
               stage, reached_stage)
           SELECT '{ORGANIZATION}', pg_temp.id(n), pg_temp.id(1), pg_temp.long(255), 1, 'EUR',
                  'NEW', 'PROPOSAL', 'PROPOSAL'
           FROM generate_series(1, {MANY}) AS n;
           INSERT INTO tasks (organization_id, id, deal_id, title, description)
           SELECT '{ORGANIZATION}', pg_temp.id(n), pg_temp.id(1), pg_temp.long(255),
                  pg_temp.long(10000)
           FROM generate_series(1, {LONG}) AS n;
           INSERT INTO activities (organization_id, id, deal_id, number, payload)
           SELECT '{ORGANIZATION}', pg_temp.id(n), pg_temp.id(1), n,
                  jsonb_build_object('type', 'COMMENT', 'text', pg_temp.long(10000))
           FROM generate_series(1, {LONG}) AS n"
    ))
    .await;
}
