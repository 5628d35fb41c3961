DROP INDEX requests_create_time_idx;
CREATE INDEX requests_create_time_idx ON requests (organization_id, create_time);
