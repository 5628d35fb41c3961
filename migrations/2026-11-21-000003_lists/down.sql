-- The extension stays: others may use it.
DROP INDEX leads_external_id_prefix_idx;
DROP INDEX leads_search_idx;

DROP INDEX contacts_closed_idx;
DROP INDEX contacts_in_progress_idx;
DROP INDEX contacts_new_idx;

CREATE INDEX contacts_backlog_idx ON contacts (organization_id, id) WHERE operator_id IS NULL;
CREATE INDEX contacts_operator_idx ON contacts (organization_id, operator_id, id);
CREATE INDEX contacts_source_idx ON contacts (organization_id, source_id, id);
DROP INDEX contacts_source_backlog_idx;
DROP INDEX contacts_operator_status_idx;
DROP INDEX contacts_source_status_idx;
