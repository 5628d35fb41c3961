-- The role that the service acts as where it would pass the policies of the tables
-- otherwise: it owns nothing, and can do nothing but read and write rows. Roles
-- belong to a whole server, so others may make it at the same time.
--
-- A migrator that may not make roles leaves them alone, unless it has been made a
-- member of this one (see `deploy/roles.sql`).
DO $$
DECLARE
    may_create boolean := rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user;
    known boolean := EXISTS (SELECT FROM pg_roles WHERE rolname = 'minicrm_app');
    lacking text;
BEGIN
    -- Who may make types, functions or operators of their own where others look for
    -- them runs code as those others. Nothing here needs that. What only the owner of the
    -- database or of the schema may take away is left to them (see `deploy/roles.sql`).
    IF has_database_privilege('public', current_database(), 'TEMPORARY')
        AND (SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database())
    THEN
        EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    END IF;
    IF has_schema_privilege('public', 'public', 'CREATE')
        AND (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'public')
    THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    IF may_create AND NOT known THEN
        BEGIN
            CREATE ROLE minicrm_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    ELSIF NOT may_create AND NOT (known AND pg_has_role(current_user, 'minicrm_app', 'MEMBER')) THEN
        RETURN;
    END IF;
    -- What it has already is not granted again: that would make all sessions plan
    -- their statements anew.
    FOR lacking IN
        SELECT 'USAGE ON SCHEMA public'
        WHERE NOT has_schema_privilege('minicrm_app', 'public', 'USAGE')
      UNION ALL
        SELECT format('SELECT, INSERT, UPDATE, DELETE ON %s', oid::regclass)
        FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
          AND relname NOT IN ('migration_lock', '__diesel_schema_migrations', 'audit_events',
              'activities')
          AND NOT has_table_privilege('minicrm_app', oid, 'DELETE')
      UNION ALL
        -- What was done stays; what was denied is counted up by a function.
        SELECT 'SELECT, INSERT ON audit_events'
        WHERE NOT has_table_privilege('minicrm_app', 'audit_events', 'INSERT')
      UNION ALL
        -- It ends with its deal only.
        SELECT 'SELECT, INSERT ON activities'
        WHERE NOT has_table_privilege('minicrm_app', 'activities', 'INSERT')
      UNION ALL
        SELECT 'SELECT ON __diesel_schema_migrations'
        WHERE NOT has_table_privilege('minicrm_app', '__diesel_schema_migrations', 'SELECT')
      UNION ALL
        SELECT format('EXECUTE ON FUNCTION %s', oid::regprocedure)
        FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef
          AND NOT has_function_privilege('minicrm_app', oid, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT %s TO minicrm_app', lacking);
    END LOOP;
    IF has_column_privilege('minicrm_app', 'audit_events', 'denied_count', 'UPDATE') THEN
        REVOKE UPDATE (denied_count) ON audit_events FROM minicrm_app;
    END IF;
END
$$;
