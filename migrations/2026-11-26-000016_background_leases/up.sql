-- Which process may run a background task that one is enough for. A row for each task,
-- taken and kept by conditional UPDATEs: it holds behind a pooler that lends connections
-- for one transaction, which an advisory lock of a session would not. It belongs to no
-- organization.
CREATE TABLE background_leases (
    name        text        PRIMARY KEY,
    holder      uuid        NOT NULL,
    expire_time timestamptz NOT NULL
);
COMMENT ON TABLE background_leases IS 'Which process may run a background task that one is enough for.';
COMMENT ON COLUMN background_leases.name IS 'The name of the task.';
COMMENT ON COLUMN background_leases.holder IS 'A process, by an id that it has drawn when it began.';
COMMENT ON COLUMN background_leases.expire_time IS 'From when on another may take it.';
