-- Parameters: $1 organization_id uuid
WITH counted AS (
    SELECT owner_user_id, date_trunc('hour', create_time, 'UTC') AS hour, currency,
           status, stage, reached_stage, count(*) AS deals,
           sum(amount_thousandths) * 0.001 AS amount
    FROM deals WHERE organization_id = $1
    GROUP BY owner_user_id, date_trunc('hour', create_time, 'UTC'), currency, status,
             stage, reached_stage
), compared AS (
    SELECT o.owner_user_id, s.span, s.start_time, currency, status, stage, reached_stage,
           deals, amount
    FROM counted AS c, LATERAL (
        SELECT '00000000-0000-0000-0000-000000000000'::uuid AS owner_user_id
      UNION
        SELECT c.owner_user_id WHERE c.owner_user_id IS NOT NULL) AS o,
    LATERAL (VALUES
        ('ALL', '-infinity'::timestamptz),
        ('DAY', date_trunc('day', c.hour, 'UTC')),
        ('HOUR', c.hour)) AS s (span, start_time)
  UNION ALL
    SELECT owner_user_id, span, start_time, currency, status, stage, reached_stage,
           -deals, -amount
    FROM deal_counts WHERE organization_id = $1
)
SELECT owner_user_id, span, nullif(start_time, '-infinity') AS start_time, currency,
       status, stage, reached_stage, sum(deals)::bigint AS deals, sum(amount) AS amount
FROM compared
GROUP BY owner_user_id, span, compared.start_time, currency, status, stage, reached_stage
HAVING sum(deals) <> 0 OR sum(amount) <> 0
