-- Contacts are counted by day, too, and nobody waits for the cells any more: what
-- changes is said in a row of its own, and folded into them a moment later.
-- `contact_counts` is left to processes of the version before; a later version drops it.
CREATE TABLE contact_cells (
    organization_id      uuid        NOT NULL,
    span                 text        NOT NULL CHECK (span IN ('ALL', 'DAY', 'HOUR')),
    source_id            uuid        NOT NULL,
    start_time           timestamptz NOT NULL,
    operator_id          uuid        NOT NULL,
    new_contacts         bigint      NOT NULL,
    in_progress_contacts bigint      NOT NULL,
    closed_contacts      bigint      NOT NULL,
    expected_nanos       bigint      NOT NULL,
    PRIMARY KEY (organization_id, span, source_id, start_time, operator_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE contact_cells IS
    'Contacts counted by source, operator and status: all, those of each day, of each hour.';
COMMENT ON COLUMN contact_cells.start_time IS
    'When the day or hour begins that they were created in, by UTC; all: -infinity.';
COMMENT ON COLUMN contact_cells.operator_id IS 'Who has them now; all zeros: the backlog.';
COMMENT ON COLUMN contact_cells.expected_nanos IS
    'Billionths of contacts that the operator was to be expected to have.';
COMMENT ON TABLE contact_counts IS 'Not used any more: `contact_cells`.';

-- The policies show no rows to an owner who may not pass them.
ALTER TABLE contact_counts NO FORCE ROW LEVEL SECURITY;
INSERT INTO contact_cells
SELECT organization_id, CASE WHEN hour = '-infinity' THEN 'ALL' ELSE 'HOUR' END, source_id,
       hour, operator_id, new_contacts, in_progress_contacts, closed_contacts, expected_nanos
FROM contact_counts;
INSERT INTO contact_cells
SELECT organization_id, 'DAY', source_id, date_trunc('day', hour, 'UTC'), operator_id,
       sum(new_contacts), sum(in_progress_contacts), sum(closed_contacts), sum(expected_nanos)
FROM contact_counts WHERE hour <> '-infinity'
GROUP BY organization_id, source_id, date_trunc('day', hour, 'UTC'), operator_id;
ALTER TABLE contact_counts FORCE ROW LEVEL SECURITY;

-- Now that all rows are there, they are checked by one join; it has to see all
-- organizations.
SET LOCAL minicrm.organization_id = '*';
ALTER TABLE contact_cells ADD FOREIGN KEY (organization_id) REFERENCES organizations;

ALTER TABLE contact_cells ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY contact_cells_organization ON contact_cells
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

-- A reference to the organization would lock its row for each group of contacts. The
-- table is emptied again and again, and its pages are soon needed again. Readers
-- walk what is dead in it: what is dead decides when it is vacuumed, not how many rows
-- were waiting the last time.
CREATE TABLE contact_count_changes (
    organization_id uuid          NOT NULL,
    id              uuid          NOT NULL,
    source_ids      uuid[]        NOT NULL,
    hours           timestamptz[] NOT NULL,
    operator_ids    uuid[]        NOT NULL,
    pool_ids        uuid[]        NOT NULL,
    statuses        text[]        NOT NULL,
    contacts        integer[]     NOT NULL,
    PRIMARY KEY (organization_id, id)
) WITH (vacuum_truncate = false, autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_threshold = 1000);
COMMENT ON TABLE contact_count_changes IS
    'Contacts that come and go and are not folded into the counts yet. Each array has an element for each kind of them.';
COMMENT ON COLUMN contact_count_changes.hours IS 'In which they were created, by UTC.';
COMMENT ON COLUMN contact_count_changes.operator_ids IS 'Who has them; NULL: the backlog.';
COMMENT ON COLUMN contact_count_changes.pool_ids IS 'Pools of the draws that gave them to their operators, or NULL.';

ALTER TABLE contact_count_changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY contact_count_changes_organization ON contact_count_changes
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);
