-- Parameters: $1 organization_id uuid, $2 external_ids text[], $3 phones text[], $4 emails text[]
SELECT l.* FROM (
    SELECT l.id FROM unnest($2) AS i (value), LATERAL (
        SELECT id FROM leads
        WHERE organization_id = $1 AND external_id = i.value LIMIT 1) AS l
    UNION SELECT l.id FROM unnest($3) AS i (value), LATERAL (
        SELECT id FROM leads
        WHERE organization_id = $1 AND phone = i.value LIMIT 1) AS l
    UNION SELECT l.id FROM unnest($4) AS i (value), LATERAL (
        SELECT id FROM leads
        WHERE organization_id = $1 AND email = i.value LIMIT 1) AS l
    ORDER BY id) AS found, LATERAL (
        SELECT id, external_id, phone, email, name, owner_user_id, revision,
               create_time, update_time
        FROM leads
        WHERE organization_id = $1 AND id = found.id
        FOR NO KEY UPDATE) AS l
