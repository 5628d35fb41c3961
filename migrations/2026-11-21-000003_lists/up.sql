-- Every list reads its page from an index, whatever it is filtered by.

-- Within a source, an operator or the backlog of a source contacts are kept by
-- status: a page is merged from one range of the index for each status asked for.
CREATE INDEX IF NOT EXISTS contacts_source_status_idx
    ON contacts (organization_id, source_id, status, id);
-- The columns it includes let a list of one operator and one source skip the
-- contacts of other sources without reading them.
CREATE INDEX IF NOT EXISTS contacts_operator_status_idx
    ON contacts (organization_id, operator_id, status, id) INCLUDE (source_id, create_time);
CREATE INDEX IF NOT EXISTS contacts_source_backlog_idx
    ON contacts (organization_id, source_id, status, id) WHERE operator_id IS NULL;
DROP INDEX contacts_source_idx;
DROP INDEX contacts_operator_idx;
DROP INDEX contacts_backlog_idx;

-- One for each status: a contact costs one entry, as in one index for all of
-- them, and no other list can be read from these by mistake.
CREATE INDEX IF NOT EXISTS contacts_new_idx
    ON contacts (organization_id, id) WHERE status = 'NEW';
CREATE INDEX IF NOT EXISTS contacts_in_progress_idx
    ON contacts (organization_id, id) WHERE status = 'IN_PROGRESS';
CREATE INDEX IF NOT EXISTS contacts_closed_idx
    ON contacts (organization_id, id) WHERE status = 'CLOSED';

-- The organization is an array because only this index can look for it then,
-- however small the table was when the statement was planned. External ids are
-- opaque and often long: their trigrams would cost intake more than all else, so
-- they are found by how they begin.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX IF NOT EXISTS leads_search_idx ON leads USING gin (
    (ARRAY[organization_id]),
    (lower(name || E'\n' || coalesce(email, '') || E'\n' || coalesce(phone, ''))) gin_trgm_ops)
    WHERE name <> '' OR email IS NOT NULL OR phone IS NOT NULL;
CREATE INDEX IF NOT EXISTS leads_external_id_prefix_idx
    ON leads (organization_id, lower(external_id) text_pattern_ops)
    WHERE external_id IS NOT NULL;
