-- Parameters: $1 organization_id uuid, $2 external_id text, $3 phone text,
--   $4 email text
SELECT 'external_id' AS field, id FROM leads
WHERE organization_id = $1 AND external_id = $2
UNION ALL SELECT 'phone', id FROM leads WHERE organization_id = $1 AND phone = $3
UNION ALL SELECT 'email', id FROM leads WHERE organization_id = $1 AND email = $4
