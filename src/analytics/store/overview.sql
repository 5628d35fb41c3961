-- Parameters: $1 organization_id uuid
WITH {totals}
SELECT (SELECT coalesce(sum(leads), 0)::bigint FROM lead_counts
        WHERE organization_id = $1) AS leads,
       (SELECT count(*) FROM sources
        WHERE organization_id = $1 AND delete_time IS NULL) AS sources,
       o.*, c.*, d.*
FROM (
    SELECT count(*) AS operators, count(*) FILTER (WHERE active) AS active_operators
    FROM operators WHERE organization_id = $1 AND delete_time IS NULL
) AS o, (
    SELECT coalesce(sum(new_contacts), 0)::bigint AS new_contacts,
           coalesce(sum(in_progress_contacts), 0)::bigint AS in_progress_contacts,
           coalesce(sum(closed_contacts), 0)::bigint AS closed_contacts,
           coalesce(sum(new_contacts + in_progress_contacts) FILTER (
               WHERE operator_id = '00000000-0000-0000-0000-000000000000'
           ), 0)::bigint AS backlog
    FROM totals
) AS c, (
    SELECT coalesce(sum(deals) FILTER (WHERE status = 'NEW'), 0)::bigint
               AS new_deals,
           coalesce(sum(deals) FILTER (WHERE status = 'IN_PROGRESS'), 0)::bigint
               AS in_progress_deals,
           coalesce(sum(deals) FILTER (WHERE status = 'WON'), 0)::bigint
               AS won_deals,
           coalesce(sum(deals) FILTER (WHERE status = 'LOST'), 0)::bigint
               AS lost_deals
    FROM deal_counts WHERE organization_id = $1
      AND owner_user_id = '00000000-0000-0000-0000-000000000000' AND span = 'ALL'
) AS d
