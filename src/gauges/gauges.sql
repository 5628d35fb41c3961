-- Parameters: $1 organization_id uuid
WITH {totals}
SELECT o.*, b.*, f.*, u.*
FROM (
    SELECT coalesce(sum(load), 0)::bigint AS load,
           coalesce(sum(load_limit), 0)::bigint AS load_limit,
           count(*) FILTER (WHERE load >= load_limit) AS at_limit
    FROM operators
    WHERE organization_id = $1 AND delete_time IS NULL AND active
        AND load_limit IS NOT NULL
) AS o, (
    SELECT coalesce(sum(new_contacts + in_progress_contacts), 0)::bigint AS backlog
    FROM totals WHERE operator_id = '00000000-0000-0000-0000-000000000000'
) AS b, (
    SELECT greatest(coalesce(extract(epoch FROM now() - min(first.create_time)), 0),
                    0)::float8 AS oldest_seconds
    FROM sources AS s, (VALUES ('NEW'), ('IN_PROGRESS')) AS active (status), LATERAL (
        SELECT create_time FROM contacts
        WHERE organization_id = $1 AND source_id = s.id
            AND status = active.status AND operator_id IS NULL
        ORDER BY id LIMIT 1
    ) AS first
    WHERE s.organization_id = $1
) AS f, (
    SELECT count(*) AS unfolded FROM contact_count_changes
    WHERE organization_id = $1
) AS u
