-- Organizations, sources with a pool of candidates each, operators with equal
-- weights, and leads, as many as `bench.shape` says.

INSERT INTO organizations (id, name)
SELECT bench.id(n), 'Organization ' || n
FROM bench.shape AS s, generate_series(1, s.sources / s.sources_per_organization) AS n;

INSERT INTO sources (organization_id, id, code, name)
SELECT bench.id((n - 1) / s.sources_per_organization + 1), bench.id(n), 'source-' || n,
       'Source ' || n
FROM bench.shape AS s, generate_series(1, s.sources) AS n;

INSERT INTO operators (organization_id, id, name, load_limit)
SELECT bench.id((n - 1) / (s.operators_per_source * s.sources_per_organization) + 1),
       bench.id(n), 'Operator ' || n, s.load_limit
FROM bench.shape AS s, generate_series(1, s.sources * s.operators_per_source) AS n;

INSERT INTO operator_weights (organization_id, source_id, operator_id, weight)
SELECT o.organization_id, bench.id((n - 1) / s.operators_per_source + 1), o.id, 10
FROM bench.shape AS s, generate_series(1, s.sources * s.operators_per_source) AS n
JOIN operators AS o ON o.id = bench.id(n);

INSERT INTO candidate_pools (organization_id, id, source_id, candidates, excluded)
SELECT organization_id, source_id, source_id,
       jsonb_agg(jsonb_build_object('operator_id', operator_id, 'weight', weight)
                 ORDER BY operator_id), '[]'
FROM operator_weights GROUP BY organization_id, source_id;

INSERT INTO leads (organization_id, id, external_id)
SELECT o.organization_id, bench.id(n), 'lead-' || n
FROM bench.shape AS s CROSS JOIN generate_series(1, s.leads) AS n
JOIN sources AS o ON o.id = bench.id((n - 1) % s.sources + 1);

INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, pool_id, message,
    assign_time)
SELECT l.organization_id, bench.id(n), l.id, o.source_id, o.operator_id, o.source_id, 'Hello', now()
FROM bench.shape AS s CROSS JOIN generate_series(1, s.contacts) AS n
CROSS JOIN LATERAL (SELECT (n - 1) % s.sources AS source, (n - 1) / s.sources AS place) AS p
JOIN leads AS l ON l.id = bench.id(p.place % (s.leads / s.sources) * s.sources + p.source + 1)
JOIN operator_weights AS o
    ON o.operator_id = bench.id(
        p.source * s.operators_per_source + p.place % s.operators_per_source + 1);

INSERT INTO assignments (organization_id, contact_id, id, kind, operator_id, pool_id, draw,
    create_time)
SELECT organization_id, id, id, 'AUTOMATIC', operator_id, pool_id, 0, assign_time FROM contacts;
