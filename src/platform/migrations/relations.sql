SELECT c.relname::text AS name FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
AND c.relname NOT IN ('migration_lock', '__diesel_schema_migrations')
AND NOT EXISTS (SELECT FROM pg_depend
WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
ORDER BY c.relname LIMIT 3
