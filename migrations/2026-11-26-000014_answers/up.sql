-- Amounts have three digits after the point where their currency has (KWD). The column
-- of the version before keeps two, cut, and its type, which statements that are prepared
-- depend on; what is exact stands beside it. Where a process of the version before has
-- changed the amount since, that counts. The table is written anew: nobody changes deals
-- meanwhile, some ten seconds for each million. (A sum of amounts that such a process
-- moves from one cell to another lacks the third digit: `minicrm verify --repair`.)
ALTER TABLE deals
    ADD COLUMN amount_exact numeric(16, 3),
    ADD COLUMN amount_thousandths bigint NOT NULL GENERATED ALWAYS AS (
        (CASE WHEN trunc(amount_exact, 2) = amount THEN amount_exact ELSE amount END * 1000)::bigint
    ) STORED,
    DROP CONSTRAINT deals_won_check;
ALTER TABLE deals
    ADD CONSTRAINT deals_won_check CHECK (status <> 'WON' OR amount_thousandths > 0);
COMMENT ON COLUMN deals.amount IS 'Cut to hundredths; counts if the exact one is another.';
COMMENT ON COLUMN deals.amount_exact IS 'NULL: written by a version that knew hundredths only.';
COMMENT ON COLUMN deals.amount_thousandths IS 'The exact amount, times 1000.';
COMMENT ON COLUMN deals.amount_hundredths IS 'Not used any more: `amount_thousandths`.';

-- For the version before, the indexes of hundredths stay; a later version drops them.
CREATE INDEX IF NOT EXISTS deals_exact_amount_idx
    ON deals (organization_id, status, stage, amount_thousandths, id);
CREATE INDEX IF NOT EXISTS deals_owner_exact_amount_idx
    ON deals (organization_id, owner_user_id, status, stage, amount_thousandths, id);
-- The same ranges for each currency.
CREATE INDEX IF NOT EXISTS deals_currency_create_time_idx
    ON deals (organization_id, status, stage, currency, create_time, id);
CREATE INDEX IF NOT EXISTS deals_currency_update_time_idx
    ON deals (organization_id, status, stage, currency, update_time, id);
CREATE INDEX IF NOT EXISTS deals_currency_amount_idx
    ON deals (organization_id, status, stage, currency, amount_thousandths, id);

-- What nobody has, in the orders of the lists. Each begins with a number of its own: a query
-- that names it can compare rows, and no other index fits. (CASE, for Postgres looks for
-- COALESCE in no index behind a policy.)
CREATE INDEX IF NOT EXISTS leads_unowned_idx
    ON leads (organization_id, (CASE WHEN owner_user_id IS NULL THEN 1 END), id)
    WHERE owner_user_id IS NULL;
CREATE INDEX IF NOT EXISTS tasks_unassigned_idx
    ON tasks (organization_id, (CASE WHEN assignee_user_id IS NULL THEN 1 END), id)
    WHERE assignee_user_id IS NULL;
CREATE INDEX IF NOT EXISTS tasks_unassigned_due_idx
    ON tasks (organization_id, (CASE WHEN assignee_user_id IS NULL THEN 2 END), due_order, id)
    WHERE assignee_user_id IS NULL;
CREATE INDEX IF NOT EXISTS tasks_open_unassigned_idx
    ON tasks (organization_id, (CASE WHEN assignee_user_id IS NULL THEN 3 END), id)
    WHERE done_time IS NULL AND assignee_user_id IS NULL;
CREATE INDEX IF NOT EXISTS tasks_open_unassigned_due_idx
    ON tasks (organization_id, (CASE WHEN assignee_user_id IS NULL THEN 4 END), due_order, id)
    WHERE done_time IS NULL AND assignee_user_id IS NULL;

-- Titles are searched as the texts of leads are. There are far fewer of them: each is
-- sorted into the index as it comes.
CREATE INDEX IF NOT EXISTS deals_search_idx ON deals
    USING gin ((ARRAY[organization_id]), lower(title) gin_trgm_ops) WITH (fastupdate = off);
CREATE FUNCTION search_deals(pattern text, most bigint) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    organization pg_catalog.uuid :=
        nullif(current_setting('minicrm.organization_id', true), '')::pg_catalog.uuid;
BEGIN
    -- An array, because only the index of the texts can look for it then.
    RETURN QUERY
    SELECT id FROM public.deals
    WHERE ARRAY[organization_id] @> ARRAY[organization] AND lower(title) LIKE lower(pattern)
    LIMIT most;
END
$$;
COMMENT ON FUNCTION search_deals IS 'Ids of deals whose titles are like a pattern.';
REVOKE ALL ON FUNCTION search_deals FROM PUBLIC;
