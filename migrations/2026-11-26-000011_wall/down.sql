DROP FUNCTION add_denials;
ALTER FUNCTION erase_timelines SET search_path = pg_catalog;
ALTER FUNCTION index_new_texts SET search_path = pg_catalog;
ALTER FUNCTION search_leads SET search_path = pg_catalog;
