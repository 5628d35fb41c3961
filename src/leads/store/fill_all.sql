-- Parameters: $1 organization_id uuid, $2 update_time timestamptz, $3 id uuid[],
--   $4 external_id text[], $5 phone text[], $6 email text[], $7 name text[], $8 revision int4[]
INSERT INTO leads
    (organization_id, update_time, id, external_id, phone, email, name, revision)
SELECT $1, $2, f.* FROM unnest($3, $4, $5, $6, $7, $8) AS f
ON CONFLICT (organization_id, id) DO UPDATE
SET external_id = excluded.external_id, phone = excluded.phone,
    email = excluded.email, name = excluded.name, revision = excluded.revision,
    update_time = excluded.update_time
