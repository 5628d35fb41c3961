-- Parameters: $1 organization_id uuid, $2 source_ids uuid[], $3 source_codes text[]
SELECT t.time, s.id AS source_id, s.code, s.active, s.strategy, w.operator_id, w.weight
FROM (SELECT statement_timestamp() AS time) AS t
LEFT JOIN LATERAL (
    SELECT f.* FROM unnest($2) AS k (id), LATERAL (
        SELECT id, code, active, strategy FROM sources
        WHERE organization_id = $1 AND id = k.id AND delete_time IS NULL
        LIMIT 1) AS f
    UNION SELECT f.* FROM unnest($3) AS k (code), LATERAL (
        SELECT id, code, active, strategy FROM sources
        WHERE organization_id = $1 AND code = k.code AND delete_time IS NULL
        LIMIT 1) AS f
    ORDER BY id) AS s ON true
LEFT JOIN LATERAL (
    SELECT operator_id, weight FROM operator_weights
    WHERE organization_id = $1 AND source_id = s.id
    OFFSET 0) AS w ON true
