-- The least that takes in a contact in several statements.
\set operator random(1, 10)
BEGIN;
SELECT id, weight, load FROM bench.operators WHERE active ORDER BY id;
INSERT INTO bench.leads (external_id) VALUES (gen_random_uuid()) RETURNING id \gset
UPDATE bench.operators SET load = load + 1 WHERE id = :operator;
INSERT INTO bench.contacts (lead_id, operator_id, message) VALUES (:id, :operator, 'Hello');
COMMIT;
