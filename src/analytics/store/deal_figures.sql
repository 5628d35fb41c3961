-- Parameters: $1 organization_id uuid, $2 owner_user_id uuid, $3 whole_ranges int4[],
--   $4 span text[], $5 from_time timestamptz[], $6 to_time timestamptz[], $7 edge_ranges int4[],
--   $8 edge_from_time timestamptz[], $9 edge_to_time timestamptz[], $10 status text[],
--   $11 stage text[]
WITH chosen AS (
    SELECT p.range, c.*
    FROM unnest($3, $4, array_replace($5, NULL, '-infinity'), $6)
             AS p (range, span, from_time, to_time), LATERAL (
        SELECT currency, status, stage, reached_stage, deals, amount FROM deal_counts
        WHERE organization_id = $1 AND owner_user_id = $2 AND span = p.span
          AND start_time >= p.from_time AND start_time < p.to_time
        OFFSET 0) AS c
  UNION ALL
    SELECT p.range, d.*
    FROM unnest($7, $8, $9) AS p (range, from_time, to_time),
         unnest($10, $11) AS s (status, stage), LATERAL (
        SELECT currency, status, stage, reached_stage, 1, amount_thousandths * 0.001
        FROM deals
        WHERE organization_id = $1 AND {owner} status = s.status AND stage = s.stage
          AND create_time >= p.from_time AND create_time < p.to_time
        ORDER BY create_time OFFSET 0) AS d
)
SELECT range, currency, status, stage, reached_stage, sum(deals)::bigint AS deals,
       sum(amount) AS amount
FROM chosen GROUP BY range, currency, status, stage, reached_stage
HAVING sum(deals) <> 0
