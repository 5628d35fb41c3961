-- A contact as the service records it, one statement after the other. The
-- operator is drawn by the client. `known`: of a lead that is known. `full`:
-- with a phone number, an e-mail address, a name and a request id. `counts`: with
-- the statistics. Everything is locked in the order of the service.
\if :known
\set lead random(1, :leads)
\else
\set lead random(1000000000, 1000000000000000000)
\endif
\set source (:lead - 1) % :sources + 1
\set organization ((:source - 1) / :sources_per_organization) + 1
\set operator (:source - 1) * :operators_per_source + random(1, :operators_per_source)
\set slot random(0, 7)
BEGIN;
\if :full
INSERT INTO requests (organization_id, method, request_id, fingerprint)
    VALUES (bench.id(:organization), 'CreateContact', bench.uuid_v7(), bench.digest())
    RETURNING request_id \gset
\endif
SELECT id, active FROM sources
    WHERE organization_id = bench.id(:organization) AND code = 'source-' || :source
      AND delete_time IS NULL;
\if :known
SELECT id AS lead_id FROM leads
    WHERE organization_id = bench.id(:organization) AND external_id = 'lead-' || :lead \gset
\elif :full
SELECT id FROM leads
    WHERE organization_id = bench.id(:organization) AND external_id = 'lead-' || :lead;
SELECT id FROM leads
    WHERE organization_id = bench.id(:organization) AND phone = '+' || :lead;
SELECT id FROM leads
    WHERE organization_id = bench.id(:organization) AND email = :lead || '@example.org';
INSERT INTO leads (organization_id, id, external_id, phone, email, name)
    VALUES (bench.id(:organization), bench.uuid_v7(), 'lead-' || :lead, '+' || :lead,
        :lead || '@example.org', 'Eve Example')
    ON CONFLICT DO NOTHING RETURNING id AS lead_id \gset
\else
SELECT id FROM leads
    WHERE organization_id = bench.id(:organization) AND external_id = 'lead-' || :lead;
INSERT INTO leads (organization_id, id, external_id)
    VALUES (bench.id(:organization), bench.uuid_v7(), 'lead-' || :lead)
    ON CONFLICT DO NOTHING RETURNING id AS lead_id \gset
\endif
SELECT o.id, w.weight, o.active, o.load, o.load_limit, o.window_limit
    FROM operator_weights AS w
    JOIN operators AS o ON o.organization_id = w.organization_id AND o.id = w.operator_id
    WHERE w.organization_id = bench.id(:organization) AND w.source_id = bench.id(:source)
    ORDER BY o.id;
UPDATE operators SET load = load + 1
    WHERE organization_id = bench.id(:organization) AND id = bench.id(:operator) AND active
      AND (load_limit IS NULL OR load < load_limit);
INSERT INTO contacts (organization_id, id, lead_id, source_id, operator_id, pool_id, message,
        assign_time)
    VALUES (bench.id(:organization), bench.uuid_v7(), :lead_id, bench.id(:source),
        bench.id(:operator), bench.id(:source), 'Hello', now())
    RETURNING id AS contact_id \gset
INSERT INTO assignments (organization_id, id, contact_id, kind, operator_id, pool_id, draw,
        create_time)
    VALUES (bench.id(:organization), bench.uuid_v7(), :contact_id, 'AUTOMATIC',
        bench.id(:operator), bench.id(:source), 1, now());
\if :full
UPDATE requests SET response = bench.response()
    WHERE organization_id = bench.id(:organization) AND method = 'CreateContact'
      AND request_id = :request_id;
\endif
\if :counts
\if :known
\else
INSERT INTO lead_counts AS l (organization_id, slot, leads)
    VALUES (bench.id(:organization), :slot, 1)
    ON CONFLICT (organization_id, slot) DO UPDATE SET leads = l.leads + 1;
\endif
INSERT INTO contact_count_changes (organization_id, id, source_ids, hours, operator_ids, pool_ids,
        statuses, contacts)
    VALUES (bench.id(:organization), bench.uuid_v7(), ARRAY[bench.id(:source)],
        ARRAY[date_trunc('hour', now(), 'UTC')], ARRAY[bench.id(:operator)],
        ARRAY[bench.id(:source)], '{NEW}', '{1}');
\endif
COMMIT;
