-- Parameters: $1 organization_id uuid, $2 id uuid[], $3 source_id uuid[], $4 strategy text[],
--   $5 candidates jsonb[], $6 excluded jsonb[]
INSERT INTO candidate_pools (organization_id, id, source_id, strategy, candidates,
    excluded)
SELECT $1, p.* FROM unnest($2, $3, $4, $5, $6) AS p
ON CONFLICT DO NOTHING
