-- What acts as the owner of the tables looks for names in `pg_catalog` first. A path that
-- does not say where temporary objects come has them before all others, for types and
-- tables: a domain `pg_temp.uuid` with a check of the caller's ran as the owner.
ALTER FUNCTION search_leads SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION index_new_texts SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION erase_timelines SET search_path = pg_catalog, pg_temp;

-- The service may count up what was denied, and nothing else of what is on record: with
-- UPDATE (denied_count) it could also count down. The organization is not an argument
-- but the transaction's.
CREATE FUNCTION add_denials(ids uuid[], user_ids uuid[], api_key_ids uuid[], methods text[],
    reasons text[], counts bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO public.audit_events
        (organization_id, id, user_id, api_key_id, method, resource_ids,
         denied_reason, denied_count, create_time)
    SELECT nullif(current_setting('minicrm.organization_id', true), '')::uuid,
           d.id, d.user_id, d.api_key_id, d.method, '{}', d.reason, d.count,
           date_trunc('hour', now(), 'UTC')
    FROM unnest(ids, user_ids, api_key_ids, methods, reasons, counts)
        AS d (id, user_id, api_key_id, method, reason, count)
    WHERE d.count > 0
    ORDER BY d.id
    ON CONFLICT (organization_id, id) DO UPDATE
    SET denied_count = audit_events.denied_count + excluded.denied_count
$$;
COMMENT ON FUNCTION add_denials IS 'Adds to how often something was denied within the hour.';
REVOKE ALL ON FUNCTION add_denials FROM PUBLIC;
