DROP FUNCTION search_deals;
DROP INDEX deals_search_idx, tasks_open_unassigned_due_idx, tasks_open_unassigned_idx,
    tasks_unassigned_due_idx, tasks_unassigned_idx, leads_unowned_idx, deals_currency_amount_idx,
    deals_currency_update_time_idx, deals_currency_create_time_idx, deals_owner_exact_amount_idx,
    deals_exact_amount_idx;
ALTER TABLE deals DROP CONSTRAINT deals_won_check;
-- A deal of a thousandth can be won here, but not before.
UPDATE deals SET amount = 0.01 WHERE status = 'WON' AND amount = 0;
ALTER TABLE deals DROP COLUMN amount_thousandths, DROP COLUMN amount_exact;
ALTER TABLE deals ADD CONSTRAINT deals_won_check CHECK (status <> 'WON' OR amount > 0);
COMMENT ON COLUMN deals.amount IS NULL;
COMMENT ON COLUMN deals.amount_hundredths IS 'The amount, times 100.';
