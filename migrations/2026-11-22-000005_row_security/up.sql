-- The second wall: a query that forgets `organization_id` still meets no other
-- organization's rows. Whoever reads or writes says for whom, in a setting of the
-- transaction; without it there are no rows. `FORCE`: for the owner of the tables,
-- too. (Superusers pass all the same: the service does not act as one.)
--
-- Policies have no subqueries, so that the tables can be distributed.

ALTER TABLE leads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY leads_organization ON leads
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE sources ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sources_organization ON sources
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE operators ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY operators_organization ON operators
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE operator_weights ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY operator_weights_organization ON operator_weights
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE candidate_pools ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY candidate_pools_organization ON candidate_pools
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE contacts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY contacts_organization ON contacts
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE assignments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY assignments_organization ON assignments
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE requests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY requests_organization ON requests
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE contact_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY contact_counts_organization ON contact_counts
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

ALTER TABLE lead_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY lead_counts_organization ON lead_counts
    USING (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('minicrm.organization_id', true), '')::uuid);

-- Here the setting may hold several ids, separated by commas, or `*` to list all;
-- for the tables above neither is an id.
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY organizations_organization ON organizations
    USING (id::text = ANY (string_to_array(current_setting('minicrm.organization_id', true), ',')))
    WITH CHECK (id::text = ANY (string_to_array(current_setting('minicrm.organization_id', true), ',')));
CREATE POLICY organizations_list ON organizations FOR SELECT
    USING (current_setting('minicrm.organization_id', true) = '*');

-- Behind a policy Postgres uses no index for a condition that might tell of rows
-- it has not yet checked, by an error or a message: not for LIKE, nor for anything
-- about `lower(...)`. So what can only be found by such an index is found as the
-- owner of the tables, who passes the wall as a superuser or by BYPASSRLS. (As
-- another owner it finds the same, but reads all leads of the organization.) The
-- organization is not an argument but the transaction's, and it gives ids only:
-- the leads themselves are read behind the wall.
CREATE FUNCTION search_leads(pattern text, prefix text, most bigint) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    organization uuid := nullif(current_setting('minicrm.organization_id', true), '')::uuid;
BEGIN
    -- An array, because only the index of the texts can look for it then.
    RETURN QUERY
    (SELECT id FROM public.leads
     WHERE ARRAY[organization_id] @> ARRAY[organization]
       AND lower(name || E'\n' || coalesce(email, '') || E'\n' || coalesce(phone, ''))
           LIKE lower(pattern)
       AND (name <> '' OR email IS NOT NULL OR phone IS NOT NULL)
     LIMIT most)
    UNION
    -- Between the text and the text with the last of all characters.
    (SELECT id FROM public.leads
     WHERE organization_id = organization AND external_id IS NOT NULL
       AND lower(external_id) ~>=~ lower(prefix)
       AND lower(external_id) ~<~ (lower(prefix) || U&'\+10FFFF')
     LIMIT most);
END
$$;
COMMENT ON FUNCTION search_leads IS
    'Ids of leads whose texts are like a pattern or whose external ids begin with a text.';

-- Only the owner of an index may do this.
CREATE FUNCTION index_new_texts() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT gin_clean_pending_list('public.leads_search_idx')
$$;
COMMENT ON FUNCTION index_new_texts IS 'Sorts new texts of leads into their index.';

REVOKE ALL ON FUNCTION search_leads, index_new_texts FROM PUBLIC;
