-- A decision records its strategy, and what was to be expected of it: nobody has to know
-- later how the strategy works. All that was decided so far was weighted random, by which
-- a candidate's share is its weight. (A constant default: no row is rewritten, and a
-- process of the version before, which knows no other strategy, need not say it.)
ALTER TABLE candidate_pools ADD COLUMN strategy text NOT NULL DEFAULT 'WEIGHTED_RANDOM';
COMMENT ON COLUMN candidate_pools.strategy IS 'How one of the candidates was chosen.';
COMMENT ON COLUMN candidate_pools.candidates IS
    '`[{operator_id, weight, share}]`, by operator id. The share, out of the sum of all, is what was to be expected; absent before it was recorded: the weight.';
