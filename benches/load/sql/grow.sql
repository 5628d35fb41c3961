-- Contacts of the year before, evenly spread over it, over sources and over
-- operators, one in ten of them active; five of each lead. Indexes are made
-- again at the end and keys are not checked: that is several times as fast.
SET LOCAL synchronous_commit = off;
SET LOCAL maintenance_work_mem = '512MB';
SET LOCAL session_replication_role = replica;

CREATE TEMPORARY TABLE indexes ON COMMIT DROP AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename IN ('leads', 'contacts', 'assignments')
  AND indexdef NOT LIKE 'CREATE UNIQUE%';
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT indexname FROM indexes LOOP
        EXECUTE format('DROP INDEX %I', name);
    END LOOP;
END
$$;

-- A UUIDv7 of the time the thing was created at.
CREATE FUNCTION bench.id_at(millis bigint, number bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
    SELECT (lpad(to_hex(millis), 12, '0') || '7' || lpad(to_hex(number & 4095), 3, '0')
        || '8' || lpad(to_hex(number), 15, '0'))::uuid
$$;

-- When a contact was created, counted from the year's beginning.
CREATE TABLE bench.year AS
SELECT (extract(epoch FROM now()) * 1000)::bigint - 31536000000 AS start,
       31536000000 / greatest(existing, 1) AS step
FROM bench.shape;

INSERT INTO leads (organization_id, id, external_id, name, create_time, update_time)
SELECT bench.id(t.source / s.sources_per_organization + 1), bench.id_at(t.millis, n),
       'old-' || n, 'Lead ' || n, t.time, t.time
FROM bench.shape AS s, bench.year AS y,
    generate_series(1, (s.existing / (s.sources * 5) + 1) * s.sources) AS n,
    LATERAL (SELECT (n - 1) % s.sources AS source,
                    y.start + ((n - 1) / s.sources * s.sources * 5 + (n - 1) % s.sources + 1)
                        * y.step AS millis) AS m,
    LATERAL (SELECT m.source, m.millis, to_timestamp(m.millis / 1000.0) AS time) AS t;

INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, pool_id, status,
    message, create_time, update_time, assign_time, close_time)
SELECT bench.id(t.source / s.sources_per_organization + 1), bench.id_at(t.millis, n),
       bench.id_at(y.start + (t.place / 5 * 5 * s.sources + t.source + 1) * y.step,
           t.place / 5 * s.sources + t.source + 1),
       bench.id(t.source + 1),
       bench.id(t.source * s.operators_per_source + t.place % s.operators_per_source + 1),
       bench.id(t.source + 1),
       CASE t.chance WHEN 0 THEN 'NEW' WHEN 1 THEN 'IN_PROGRESS' ELSE 'CLOSED' END,
       'Hello', t.time, t.time, t.time, CASE WHEN t.chance > 1 THEN t.time END
FROM bench.shape AS s, bench.year AS y, generate_series(1, s.existing) AS n,
    LATERAL (SELECT (n - 1) % s.sources AS source, (n - 1) / s.sources AS place,
                    (hashint8(n) & 2147483647) % 20 AS chance,
                    y.start + n * y.step AS millis) AS m,
    LATERAL (SELECT m.*, to_timestamp(m.millis / 1000.0) AS time) AS t;

INSERT INTO assignments (organization_id, contact_id, id, kind, operator_id, pool_id, draw,
    create_time)
SELECT organization_id, id, id, 'AUTOMATIC', operator_id, pool_id, 0, create_time
FROM contacts WHERE id > bench.id(999999999999);

DO $$
DECLARE
    definition text;
BEGIN
    FOR definition IN SELECT indexdef FROM indexes LOOP
        EXECUTE definition;
    END LOOP;
END
$$;
