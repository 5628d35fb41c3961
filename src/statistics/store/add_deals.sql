-- Parameters: $1 organization_id uuid, $2 owner_user_id uuid[], $3 span text[],
--   $4 start_time timestamptz[], $5 currency text[], $6 status text[], $7 stage text[],
--   $8 reached_stage text[], $9 deals int8[], $10 amount numeric[]
INSERT INTO deal_counts AS c (organization_id, owner_user_id, span, start_time,
    currency, status, stage, reached_stage, deals, amount)
SELECT $1, a.owner_user_id, a.span, coalesce(a.start_time, '-infinity'), a.currency,
       a.status, a.stage, a.reached_stage, a.deals, a.amount
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10)
    AS a (owner_user_id, span, start_time, currency, status, stage, reached_stage,
          deals, amount)
ON CONFLICT (organization_id, owner_user_id, span, start_time, currency, status, stage,
             reached_stage) DO UPDATE
SET deals = c.deals + excluded.deals, amount = c.amount + excluded.amount
