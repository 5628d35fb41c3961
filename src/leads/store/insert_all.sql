-- Parameters: $1 organization_id uuid, $2 time timestamptz, $3 slot int2, $4 id uuid[],
--   $5 external_id text[], $6 phone text[], $7 email text[], $8 name text[]
WITH counted AS (
    INSERT INTO lead_counts AS l (organization_id, slot, leads)
    SELECT $1, $3, cardinality($4)
    ON CONFLICT (organization_id, slot) DO UPDATE SET leads = l.leads + excluded.leads)
INSERT INTO leads (organization_id, create_time, update_time, id, external_id, phone,
    email, name)
SELECT $1, $2, $2, l.* FROM unnest($4, $5, $6, $7, $8) AS l
