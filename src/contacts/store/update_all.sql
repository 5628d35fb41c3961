-- Parameters: $1 organization_id uuid, $2 id uuid[], $3 lead_id uuid[], $4 source_id uuid[],
--   $5 create_time timestamptz[], $6 operator_id uuid[], $7 pool_id uuid[], $8 status text[],
--   $9 backlog_reason text[], $10 revision int4[], $11 update_time timestamptz[],
--   $12 assign_time timestamptz[], $13 close_time timestamptz[]
INSERT INTO contacts (organization_id, id, lead_id, source_id, create_time,
    operator_id, pool_id, status, backlog_reason, revision, update_time, assign_time,
    close_time)
SELECT $1, c.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS c
ON CONFLICT (organization_id, id) DO UPDATE
SET operator_id = excluded.operator_id, pool_id = excluded.pool_id,
    status = excluded.status, backlog_reason = excluded.backlog_reason,
    revision = excluded.revision, update_time = excluded.update_time,
    assign_time = excluded.assign_time, close_time = excluded.close_time
