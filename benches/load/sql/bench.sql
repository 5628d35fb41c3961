-- What the scripts of pgbench need beside the tables of the service: ids from
-- numbers, ids that follow each other in time, and tables for less than what
-- the service does.

CREATE SCHEMA bench;

CREATE TABLE bench.shape (sources int, sources_per_organization int, operators_per_source int,
    load_limit int, leads int, contacts int, existing bigint);

CREATE FUNCTION bench.id(number bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
    SELECT ('00000000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid
$$;

CREATE FUNCTION bench.uuid_v7() RETURNS uuid LANGUAGE sql AS $$
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

-- What is kept of a request: as much as the service keeps.
CREATE FUNCTION bench.digest() RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
    SELECT sha256('request')
$$;
CREATE FUNCTION bench.response() RETURNS bytea IMMUTABLE LANGUAGE sql AS $$
    SELECT convert_to(repeat('answer ', 80), 'UTF8')
$$;

CREATE TABLE bench.operators (id int PRIMARY KEY, weight int, load int, active boolean)
    WITH (fillfactor = 50);
INSERT INTO bench.operators SELECT n, 1, 0, true FROM generate_series(1, 10) AS n;

CREATE TABLE bench.leads (id bigserial PRIMARY KEY, external_id uuid UNIQUE);

CREATE TABLE bench.contacts (id bigserial PRIMARY KEY, lead_id bigint, operator_id int,
    message text, create_time timestamptz DEFAULT now());
CREATE INDEX ON bench.contacts (lead_id);
CREATE INDEX ON bench.contacts (operator_id);

CREATE TABLE bench.plain_contacts (id bigserial PRIMARY KEY, lead_id bigint, operator_id int,
    message text, create_time timestamptz DEFAULT now());

CREATE FUNCTION bench.take_in(operator int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    lead bigint;
    contact bigint;
BEGIN
    PERFORM o.id, o.weight, o.load FROM bench.operators AS o WHERE o.active ORDER BY o.id;
    INSERT INTO bench.leads (external_id) VALUES (gen_random_uuid()) RETURNING id INTO lead;
    UPDATE bench.operators SET load = load + 1 WHERE id = operator;
    INSERT INTO bench.contacts (lead_id, operator_id, message) VALUES (lead, operator, 'Hello')
        RETURNING id INTO contact;
    RETURN contact;
END
$$;
