-- Parameters: $1 organization_id uuid, $2 id uuid, $3 source_id uuid[],
--   $4 hour timestamptz[], $5 operator_id uuid[], $6 pool_id uuid[], $7 status text[],
--   $8 contacts int4[], $9 operators uuid[], $10 loads int4[]
WITH loads AS (
    UPDATE operators AS o SET load = o.load + l.count
    FROM unnest($9, $10) AS l (id, count)
    WHERE o.organization_id = $1 AND o.id = l.id)
INSERT INTO contact_count_changes (organization_id, id, source_ids, hours,
    operator_ids, pool_ids, statuses, contacts)
SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE cardinality($8) > 0
