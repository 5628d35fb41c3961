COMMENT ON COLUMN candidate_pools.candidates IS '`[{operator_id, weight}]`, by operator id.';
ALTER TABLE candidate_pools DROP COLUMN strategy;
