-- What a person wrote on timelines, which the service may not change otherwise, can
-- be erased. The organization is not an argument but the transaction's.
CREATE FUNCTION erase_timelines(deal_ids uuid[], erased text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    UPDATE public.activities
    SET payload = payload || CASE
        WHEN payload ? 'text' THEN jsonb_build_object('text', erased)
        ELSE jsonb_build_object('title', erased)
    END
    WHERE organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid
      AND deal_id = ANY (deal_ids) AND (payload ? 'text' OR payload ? 'title')
$$;
COMMENT ON FUNCTION erase_timelines IS 'Replaces texts on the timelines of deals.';
REVOKE ALL ON FUNCTION erase_timelines FROM PUBLIC;
