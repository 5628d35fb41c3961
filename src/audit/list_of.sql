-- Parameters: $1 organization_id uuid, $2 resource_id uuid, $3 low uuid, $4 high uuid,
--   $5 first uuid, $6 last uuid, $7 fetch int8
(SELECT * FROM audit_events
 WHERE organization_id = $1 AND resource_ids[1] = $2 AND id > $3 AND id < $4
 ORDER BY id DESC LIMIT $7)
UNION ALL
(SELECT * FROM audit_events
 WHERE organization_id = $1 AND $2 = ANY (resource_ids[2:])
   AND id > $3 AND id < $4 AND id BETWEEN $5 AND $6
 ORDER BY id DESC LIMIT $7)
ORDER BY id DESC LIMIT $7
