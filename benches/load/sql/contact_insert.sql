-- A row of `contacts` with its indexes and keys, and nothing else.
\set lead random(1, :leads)
\set source (:lead - 1) % :sources + 1
\set organization ((:source - 1) / :sources_per_organization) + 1
\set operator (:source - 1) * :operators_per_source + random(1, :operators_per_source)
INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, pool_id, message,
        assign_time)
    VALUES (bench.id(:organization), bench.uuid_v7(), bench.id(:lead), bench.id(:source),
        bench.id(:operator), bench.id(:source), 'Hello', now());
