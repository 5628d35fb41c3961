-- What was counted since is missing in `contact_counts`: `minicrm verify --repair` adds it.
DROP TABLE contact_count_changes;
DROP TABLE contact_cells;
COMMENT ON TABLE contact_counts IS 'Contacts by source, hour, operator and status.';
