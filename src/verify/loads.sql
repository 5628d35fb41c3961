-- Parameters: $1 organization_id uuid
SELECT o.id, coalesce(c.active, 0)::integer - o.load AS missing
FROM operators AS o
LEFT JOIN (
    SELECT operator_id, count(*) AS active FROM contacts
    WHERE organization_id = $1 AND status <> 'CLOSED' GROUP BY operator_id
) AS c ON c.operator_id = o.id
WHERE o.organization_id = $1 AND o.load <> coalesce(c.active, 0)
ORDER BY o.id
