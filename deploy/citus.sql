-- Spreads the organizations over the nodes of a Citus cluster. As it is, the service does not
-- run there: Citus refuses some of its writes. What was tried, what was refused and what would
-- help: docs/operating/citus.md.
--
-- A superuser runs this once, on the coordinator, after `minicrm migrate`, while the service is
-- stopped, and again after a migration that adds tables: what is distributed already is left
-- alone.
--
--     psql -d minicrm -f deploy/roles.sql
--     minicrm migrate
--     psql -d minicrm -v ON_ERROR_STOP=1 -f deploy/citus.sql
--
-- A superuser, because all tables force row-level security: to anybody else the tables
-- would look empty while they are copied. The roles have to be there on all nodes (Citus
-- takes care of that), and the service logs in as `minicrm`, which the
-- policies hold for: nodes do not hear of the `SET ROLE` that the service says otherwise.
--
-- What goes where:
--
-- * Reference tables, whole on every node: `organizations`, `users`, `members`. They are
--   small, read by every call that they have to do with (whose member is this user?) and
--   seldom written.
-- * Local tables of the coordinator: `sessions`, `refresh_tokens`, `user_tokens` (they belong to no
--   organization and are written at each login), `background_leases` (a few rows, which all
--   processes ask for), `migration_lock` and
--   `__diesel_schema_migrations`.
-- * Everything else is distributed by `organization_id`, colocated: all rows of an
--   organization are on one node, and foreign keys, joins and transactions stay there.
--
-- Elsewhere Postgres plans statements without their values (plan_cache_mode). Citus could
-- not tell their shard then, so the service leaves that setting alone where Citus is.

-- The service says in each transaction whose rows it is about (SET LOCAL). The policies
-- on the nodes need to know.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET citus.propagate_set_commands = ''local''',
        current_database());
END
$$;

-- Nodes call each other as the role that acts. Nobody else gets in as this one: it has no
-- password.
ALTER ROLE minicrm_owner LOGIN;
-- See above; deploy/roles.sql sets it.
ALTER ROLE minicrm RESET plan_cache_mode;

BEGIN;
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

ALTER INDEX leads_search_idx SET (fastupdate = off);

DO $$
DECLARE
    reference constant text[] := ARRAY['organizations', 'users', 'members'];
    distributed constant text[] := ARRAY['leads', 'sources', 'operators', 'operator_weights',
        'candidate_pools', 'contacts', 'assignments', 'requests', 'contact_cells',
        'contact_count_changes', 'contact_counts', 'lead_counts', 'invitations', 'api_keys', 'audit_events',
        'deals', 'deal_counts', 'tasks', 'activities'];
    coordinator constant text[] := ARRAY['sessions', 'refresh_tokens', 'user_tokens',
        'background_leases', 'migration_lock',
        '__diesel_schema_migrations'];
    name text;
    foreign_key record;
BEGIN
    SELECT relname INTO name FROM pg_class AS c
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname <> ALL (reference || distributed || coordinator)
      AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e');
    IF name IS NOT NULL THEN
        RAISE 'say in this script where the table % goes', name;
    END IF;

    -- A foreign key holds between tables that are spread in the same way. Until all are,
    -- there are none (of tables that are not distributed yet).
    CREATE TEMPORARY TABLE foreign_keys ON COMMIT DROP AS
    SELECT conrelid::regclass AS of_table, conname AS key, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace
      AND conrelid NOT IN (SELECT logicalrelid FROM pg_dist_partition);
    FOR foreign_key IN SELECT * FROM foreign_keys LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', foreign_key.of_table, foreign_key.key);
    END LOOP;

    FOREACH name IN ARRAY reference LOOP
        CONTINUE WHEN name::regclass IN (SELECT logicalrelid FROM pg_dist_partition);
        PERFORM create_reference_table(name);
    END LOOP;
    FOREACH name IN ARRAY distributed LOOP
        CONTINUE WHEN name::regclass IN (SELECT logicalrelid FROM pg_dist_partition);
        PERFORM create_distributed_table(name, 'organization_id',
            colocate_with => CASE name WHEN 'leads' THEN 'none' ELSE 'leads' END);
    END LOOP;

    FOR foreign_key IN SELECT * FROM foreign_keys LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', foreign_key.of_table,
            foreign_key.key, foreign_key.definition);
    END LOOP;
END
$$;
COMMIT;
