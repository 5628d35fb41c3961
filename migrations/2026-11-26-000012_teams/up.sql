-- Invitations know who made them, users have a default organization, organizations can be closed,
-- and processes learn soon of power that was taken.

ALTER TABLE organizations
    ADD COLUMN access_revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN access_time timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN delete_time timestamptz;
COMMENT ON COLUMN organizations.access_revision IS
    'Counts changes of who may do what: roles and keys that were taken.';
COMMENT ON COLUMN organizations.access_time IS 'When that was last changed.';
COMMENT ON COLUMN organizations.delete_time IS
    'When it was closed; its rows are removed some time later. NULL: it is open.';
CREATE INDEX organizations_access_time_idx ON organizations (access_time);
CREATE INDEX organizations_delete_time_idx ON organizations (delete_time)
    WHERE delete_time IS NOT NULL;

ALTER TABLE members ADD COLUMN default_time timestamptz;
COMMENT ON COLUMN members.default_time IS
    'When the user made it their default organization: the last one is. NULL: never.';

-- Without either, the process that made it was of the version before.
ALTER TABLE invitations
    ADD COLUMN inviter_user_id uuid,
    ADD COLUMN inviter_api_key_id uuid;
COMMENT ON COLUMN invitations.inviter_user_id IS 'The user who made it, if it was one.';
COMMENT ON COLUMN invitations.inviter_api_key_id IS 'The key that made it, if it was one.';
COMMENT ON TABLE invitations IS 'What people join an organization with.';

-- What the service may not delete otherwise goes with its organization, once that is closed. The
-- organization is not an argument but the transaction's.
CREATE FUNCTION remove_closed_organization(most bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    organization uuid := nullif(current_setting('minicrm.organization_id', true), '')::uuid;
    rows_of regclass;
    removed bigint;
BEGIN
    PERFORM FROM public.organizations
    WHERE id = organization AND delete_time IS NOT NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    -- Those that refer to others come before them.
    FOR rows_of IN
        WITH RECURSIVE places (relation, depth) AS (
            SELECT c.oid, 0
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
              AND NOT c.relispartition
          UNION
            SELECT f.confrelid, p.depth + 1
            FROM places p
            JOIN pg_constraint f ON f.conrelid = p.relation AND f.contype = 'f'
            WHERE f.confrelid NOT IN (f.conrelid, 'public.organizations'::regclass)
              AND p.depth < 20
        )
        SELECT relation FROM places GROUP BY relation ORDER BY max(depth), relation
    LOOP
        EXECUTE format(
            'DELETE FROM %1$s WHERE organization_id = $1 AND ctid = ANY (ARRAY(
                 SELECT ctid FROM %1$s WHERE organization_id = $1 LIMIT $2))', rows_of)
        USING organization, most;
        GET DIAGNOSTICS removed = ROW_COUNT;
        IF removed > 0 THEN
            RETURN removed;
        END IF;
    END LOOP;
    DELETE FROM public.organizations WHERE id = organization;
    RETURN 1;
END
$$;
COMMENT ON FUNCTION remove_closed_organization IS
    'Deletes some rows of a closed organization, in the end itself; how many, 0 if there is none.';
REVOKE ALL ON FUNCTION remove_closed_organization FROM PUBLIC;
