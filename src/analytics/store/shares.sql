-- Parameters: $1 organization_id uuid, $2 source_id uuid, $3 span text[],
--   $4 from_time timestamptz[], $5 to_time timestamptz[], $6 edge_from_time timestamptz[],
--   $7 edge_to_time timestamptz[], $8 first_ids uuid[], $9 end_ids uuid[],
--   $10 after_source_id uuid, $11 after_operator_id uuid, $12 fetch int8
WITH whole AS (
    SELECT * FROM unnest($3, array_replace($4, NULL, '-infinity'), $5)
        AS w (span, from_time, to_time)
), seen AS (
    SELECT c.source_id, NULL::timestamptz AS hour, c.operator_id, c.pool_id, c.status,
           1 AS contacts
    FROM unnest($6, $7, $8, $9) AS e (from_time, to_time, first_id, end_id), LATERAL (
        SELECT source_id, operator_id, pool_id, status FROM contacts
        WHERE organization_id = $1 AND id >= e.first_id AND id < e.end_id
          AND create_time >= e.from_time AND create_time < e.to_time
        OFFSET 0) AS c
    WHERE $2 IS NULL OR c.source_id = $2
  UNION ALL
    SELECT k.source_id, NULL, k.operator_id, k.pool_id, k.status, k.contacts
    FROM contact_count_changes AS c, {KINDS}, whole AS w
    WHERE c.organization_id = $1 AND ($2 IS NULL OR k.source_id = $2)
      AND (w.span = 'ALL' OR (k.hour >= w.from_time AND k.hour < w.to_time))
), {HOURS}, summed AS (
    SELECT source_id, operator_id, new_contacts + in_progress_contacts AS active_contacts,
           closed_contacts, expected_nanos
    FROM hours
  UNION ALL
    SELECT s.id, c.*
    FROM sources AS s, whole AS w, LATERAL (
        SELECT operator_id, sum(new_contacts + in_progress_contacts),
               sum(closed_contacts), sum(expected_nanos)
        FROM contact_cells
        WHERE organization_id = $1 AND span = w.span AND source_id = s.id
          AND start_time >= w.from_time AND start_time < w.to_time
        GROUP BY operator_id) AS c
    WHERE s.organization_id = $1 AND ($2 IS NULL OR s.id = $2)
), shares AS (
    SELECT source_id, operator_id,
           sum(active_contacts + closed_contacts)::bigint AS contacts,
           sum(active_contacts)::bigint AS active_contacts,
           (sum(expected_nanos) / 1000000000)::float8 AS expected,
           coalesce(sum(sum(active_contacts + closed_contacts)) FILTER (
               WHERE operator_id <> '00000000-0000-0000-0000-000000000000'
           ) OVER (PARTITION BY source_id), 0)::bigint AS source_contacts
    FROM summed GROUP BY source_id, operator_id
    HAVING sum(active_contacts + closed_contacts) <> 0 OR sum(expected_nanos) <> 0
)
SELECT source_id, nullif(operator_id, '00000000-0000-0000-0000-000000000000')
           AS operator_id,
       contacts, active_contacts, expected, source_contacts
FROM shares WHERE (source_id, shares.operator_id) > ($10, $11)
ORDER BY source_id, shares.operator_id LIMIT $12
