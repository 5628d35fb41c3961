-- The least a contact can cost in a transaction of its own.
INSERT INTO bench.plain_contacts (lead_id, operator_id, message) VALUES (1, 1, 'Hello');
