-- Parameters: $1 organization_id uuid, $2 id uuid[], $3 deal_id uuid[], $4 ordinals int8[],
--   $5 author_user_id uuid[], $6 payloads jsonb[]
INSERT INTO activities
    (organization_id, id, deal_id, number, author_user_id, payload)
SELECT $1, a.id, a.deal_id, coalesce((
           SELECT number FROM activities
           WHERE organization_id = $1 AND deal_id = a.deal_id
           ORDER BY number DESC LIMIT 1), 0) + a.ordinal, a.author_user_id, a.payload
FROM unnest($2, $3, $4, $5, $6) AS a (id, deal_id, ordinal, author_user_id, payload)
RETURNING id, deal_id, number, author_user_id, payload, create_time
