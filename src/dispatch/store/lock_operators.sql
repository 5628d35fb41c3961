-- Parameters: $1 organization_id uuid, $2 source_ids uuid[], $3 source_codes text[], $4 others uuid[]
SELECT id, name, active, load_limit, window_limit, window_seconds, load, user_id,
       revision, create_time, update_time, delete_time
FROM operators
WHERE organization_id = $1 AND id = ANY (ARRAY(
    SELECT operator_id FROM operator_weights
    WHERE organization_id = $1 AND source_id = ANY (ARRAY(
        SELECT s.id FROM unnest($3) AS k (code), LATERAL (
            SELECT id FROM sources
            WHERE organization_id = $1 AND code = k.code AND delete_time IS NULL
            LIMIT 1) AS s
        UNION SELECT unnest($2)))
    UNION SELECT unnest($4)))
ORDER BY id
FOR NO KEY UPDATE
