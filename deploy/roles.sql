-- The roles of a database of one's own. A superuser runs this once, in that database:
--
--     psql -d minicrm -f deploy/roles.sql
--
-- and gives the two logins passwords (`\password minicrm`, `\password minicrm_migrator`).
-- `minicrm migrate` then logs in as `minicrm_migrator`, `minicrm serve` as `minicrm`.
--
-- Managed servers that let nobody have BYPASSRLS: leave the word out. Searches for a
-- text then read all leads of an organization.

DO $$
BEGIN
    -- Owns the tables, and passes their policies: to migrate rows, and for searches.
    IF to_regrole('minicrm_owner') IS NULL THEN
        CREATE ROLE minicrm_owner NOLOGIN BYPASSRLS;
    END IF;
    -- Reads and writes the rows that the policies show it. Migrations grant it that.
    IF to_regrole('minicrm_app') IS NULL THEN
        CREATE ROLE minicrm_app NOLOGIN;
    END IF;
    IF to_regrole('minicrm_migrator') IS NULL THEN
        CREATE ROLE minicrm_migrator LOGIN;
    END IF;
    IF to_regrole('minicrm') IS NULL THEN
        CREATE ROLE minicrm LOGIN;
    END IF;
    -- For the extension that searches need.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO minicrm_owner', current_database());
    -- What is temporary is found before all else by who does not say otherwise. The
    -- service needs nothing of the kind, and whoever does can be granted it.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

-- Before Postgres 15 everybody could.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO minicrm_owner;
GRANT minicrm_app TO minicrm_owner, minicrm;
GRANT minicrm_owner TO minicrm_migrator;
ALTER ROLE minicrm_migrator SET role = 'minicrm_owner';

-- What the service tells each connection, for poolers that lend a connection for one
-- transaction and do not keep what it was told (PgBouncer in transaction mode). What it
-- means is said in src/platform/db/mod.rs.
ALTER ROLE minicrm SET statement_timeout = '30s';
ALTER ROLE minicrm SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE minicrm SET enable_seqscan = off;
ALTER ROLE minicrm SET jit = off;
ALTER ROLE minicrm SET plan_cache_mode = 'force_generic_plan';
