-- Parameters: $1 organization_id uuid, $2 minutes timestamptz[], $3 id_bytes bytea
UPDATE requests SET response = ''
WHERE organization_id = $1 AND (method, request_id) IN (
    SELECT r.method, r.request_id FROM unnest($2) AS m (minute), LATERAL (
        SELECT method, request_id, response FROM requests
        WHERE organization_id = $1 AND create_time > '2000-01-01 00:00:00+00'
          AND create_time >= m.minute - interval '1 minute'
          AND create_time < m.minute + interval '1 minute'
        OFFSET 0) AS r
    WHERE position($3 IN r.response) > 0)
