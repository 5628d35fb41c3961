-- The version before would take a claim for the id of a request.
DELETE FROM requests WHERE request_id = claim_id;
ALTER TABLE requests DROP COLUMN claim_id;
