-- Parameters: $1 organization_id uuid, $2 since timestamptz, $3 ids bytea[]
UPDATE requests SET response = ''
WHERE organization_id = $1 AND create_time >= $2 - interval '1 minute'
  AND create_time > '2000-01-01 00:00:00+00'
  AND EXISTS (SELECT FROM unnest($3) AS i (id) WHERE position(i.id IN response) > 0)
