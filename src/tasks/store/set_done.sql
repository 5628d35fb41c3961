-- Parameters: $1 organization_id uuid, $2 id uuid, $3 done bool
UPDATE tasks
SET done_time = CASE WHEN $3 THEN now() END, revision = revision + 1,
    update_time = now()
WHERE organization_id = $1 AND id = $2
RETURNING *
