-- Parameters: $1 organization_id uuid, $2 create_time timestamptz, $3 id uuid[], $4 lead_id uuid[],
--   $5 source_id uuid[], $6 operator_id uuid[], $7 pool_id uuid[], $8 message text[],
--   $9 backlog_reason text[], $10 id uuid[], $11 kind text[], $12 pool_id uuid[], $13 draw int8[]
WITH new AS (
    SELECT * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        AS n (id, lead_id, source_id, operator_id, pool_id, message, backlog_reason,
              assignment_id, kind, drawn_from, draw)),
decided AS (
    INSERT INTO assignments (organization_id, create_time, contact_id, id, kind,
        operator_id, backlog_reason, pool_id, draw)
    SELECT $1, $2, id, assignment_id, kind, operator_id, backlog_reason, drawn_from,
           draw
    FROM new)
INSERT INTO contacts (organization_id, create_time, update_time, id, lead_id,
    source_id, operator_id, pool_id, message, backlog_reason, assign_time)
SELECT $1, $2, $2, id, lead_id, source_id, operator_id, pool_id, message,
       backlog_reason, CASE WHEN operator_id IS NOT NULL THEN $2 END
FROM new
