-- Parameters: $1 organization_id uuid, $2 id uuid[], $3 user_id uuid[], $4 api_key_id uuid[],
--   $5 action text[], $6 resource_ids text[]
INSERT INTO audit_events
    (organization_id, id, user_id, api_key_id, method, resource_ids)
SELECT $1, e.id, e.user_id, e.api_key_id, e.method, e.resource_ids::uuid[]
FROM unnest($2, $3, $4, $5, $6)
    AS e (id, user_id, api_key_id, method, resource_ids)
