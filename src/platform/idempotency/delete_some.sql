-- Parameters: $1 organization_id uuid, $2 keep_seconds float8, $3 limit int8
DELETE FROM requests WHERE organization_id = $1 AND (method, request_id) IN (
    SELECT method, request_id FROM requests
    WHERE organization_id = $1 AND create_time < now() - make_interval(secs => $2)
      AND create_time > '2000-01-01 00:00:00+00'
    ORDER BY create_time LIMIT $3)
