-- Parameters: $1 organization_id uuid, $2 ids uuid[], $3 to_limit bool
SELECT t.time, o.id AS operator_id, (
    SELECT count(*) FROM (
        SELECT FROM assignments AS a
        WHERE a.organization_id = $1 AND a.operator_id = o.id AND a.kind <> 'KEPT'
          AND a.create_time > o.since
        LIMIT CASE WHEN $3 THEN o.window_limit END) AS g) AS given
FROM (SELECT statement_timestamp() AS time) AS t
LEFT JOIN LATERAL (
    SELECT id, window_limit, t.time - make_interval(secs => window_seconds) AS since
    FROM operators
    WHERE organization_id = $1 AND id = ANY($2)
    OFFSET 0) AS o ON true
