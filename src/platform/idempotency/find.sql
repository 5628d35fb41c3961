-- Parameters: $1 organization_id uuid, $2 methods text[], $3 ids uuid[]
SELECT r.* FROM unnest($2, $3) AS c (method, request_id), LATERAL (
    SELECT method, request_id, claim_id, fingerprint, response FROM requests
    WHERE organization_id = $1 AND method = c.method
      AND request_id = c.request_id
    LIMIT 1) AS r
