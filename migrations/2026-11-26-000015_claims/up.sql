-- A request belongs to its caller: whoever else uses the same `request_id` has a claim of
-- their own. The version before looks answers up by `request_id` alone, so the first caller
-- keeps it: a repetition that meets the version before is not done twice. Another caller's
-- row takes its claim for its `request_id`. No claim: the version before wrote it, which
-- knew no callers. (With a condition, as the index by time: no lookup of rows uses it.)
ALTER TABLE requests ADD COLUMN claim_id uuid;
COMMENT ON COLUMN requests.claim_id IS
    'Digest of method, caller and the caller''s id; NULL: whoever comes with that id.';
CREATE UNIQUE INDEX IF NOT EXISTS requests_claim_key ON requests (organization_id, claim_id)
    WHERE claim_id IS NOT NULL;
