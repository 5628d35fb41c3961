-- Contacts and leads, counted as they change, so that statistics need not count
-- rows.

-- Pages with some room keep the frequent changes of counts within a page (HOT).
CREATE TABLE contact_counts (
    organization_id      uuid        NOT NULL REFERENCES organizations (id),
    source_id            uuid        NOT NULL,
    hour                 timestamptz NOT NULL,
    operator_id          uuid        NOT NULL,
    new_contacts         bigint      NOT NULL,
    in_progress_contacts bigint      NOT NULL,
    closed_contacts      bigint      NOT NULL,
    expected_nanos       bigint      NOT NULL,
    PRIMARY KEY (organization_id, source_id, hour, operator_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE contact_counts IS 'Contacts by source, hour, operator and status.';
COMMENT ON COLUMN contact_counts.hour IS
    'In which they were created, in UTC; `-infinity`: the sum of all hours.';
COMMENT ON COLUMN contact_counts.operator_id IS 'Who has them now; all zeros: the backlog.';
COMMENT ON COLUMN contact_counts.expected_nanos IS
    'Billionths of contacts that the operator was to be expected to have.';

-- Writers pick a slot at random, so that they rarely wait for each other.
CREATE TABLE lead_counts (
    organization_id uuid     NOT NULL REFERENCES organizations (id),
    slot            smallint NOT NULL,
    leads           bigint   NOT NULL,
    PRIMARY KEY (organization_id, slot)
);
COMMENT ON TABLE lead_counts IS 'Numbers of leads; their sum counts, a slot may be negative.';

-- What is there already. What a process of the version before writes from here
-- on is not counted: `minicrm verify --repair` adds it.
INSERT INTO contact_counts
WITH counted AS (
    SELECT organization_id, source_id, date_trunc('hour', create_time, 'UTC') AS hour,
           operator_id, pool_id, count(*) AS contacts,
           count(*) FILTER (WHERE status = 'NEW') AS new_contacts,
           count(*) FILTER (WHERE status = 'IN_PROGRESS') AS in_progress_contacts,
           count(*) FILTER (WHERE status = 'CLOSED') AS closed_contacts
    FROM contacts
    GROUP BY organization_id, source_id, date_trunc('hour', create_time, 'UTC'),
             operator_id, pool_id
), drawn AS (
    SELECT organization_id, source_id, hour, pool_id, sum(contacts)::bigint AS contacts
    FROM counted WHERE pool_id IS NOT NULL
    GROUP BY organization_id, source_id, hour, pool_id
), cells AS (
    SELECT organization_id, source_id, hour,
           coalesce(operator_id, '00000000-0000-0000-0000-000000000000') AS operator_id,
           new_contacts, in_progress_contacts, closed_contacts,
           CASE WHEN operator_id IS NOT NULL AND pool_id IS NULL
                THEN contacts * 1000000000 ELSE 0 END AS expected_nanos
    FROM counted
  UNION ALL
    SELECT d.organization_id, d.source_id, d.hour, (c ->> 'operator_id')::uuid, 0, 0, 0,
           d.contacts * (((c ->> 'weight')::bigint * 1000000000 + t.weight / 2) / t.weight)
    FROM drawn AS d
    JOIN candidate_pools AS p ON p.organization_id = d.organization_id AND p.id = d.pool_id,
        LATERAL (SELECT sum((a ->> 'weight')::bigint)::bigint AS weight
                 FROM jsonb_array_elements(p.candidates) AS a) AS t,
        LATERAL jsonb_array_elements(p.candidates) AS c
)
SELECT organization_id, source_id, coalesce(hour, '-infinity'), operator_id,
       sum(new_contacts), sum(in_progress_contacts), sum(closed_contacts), sum(expected_nanos)
FROM cells
GROUP BY organization_id, source_id, operator_id, GROUPING SETS ((hour), ());

INSERT INTO lead_counts
SELECT organization_id, 0, count(*) FROM leads GROUP BY organization_id;
