-- Users, their sessions, members of organizations, keys of services, audit.

ALTER TABLE organizations
    ADD COLUMN default_currency text NOT NULL DEFAULT 'EUR',
    ADD COLUMN default_phone_region text,
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN update_time timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN organizations.default_currency IS 'ISO 4217.';
COMMENT ON COLUMN organizations.default_phone_region IS 'ISO 3166; NULL: that of the server.';
COMMENT ON COLUMN organizations.revision IS 'Counts updates; the etag.';

-- Users work on the contacts of the operators they are linked with.
CREATE INDEX operators_user_idx ON operators (organization_id, user_id)
    WHERE user_id IS NOT NULL;

-- A user may be a member of many organizations: users, their sessions and tokens
-- belong to none.
CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    email         text        NOT NULL CONSTRAINT users_email_key UNIQUE,
    name          text        NOT NULL,
    password_hash text        NOT NULL,
    create_time   timestamptz NOT NULL DEFAULT now(),
    update_time   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE users IS 'Those who can log in.';
COMMENT ON COLUMN users.email IS 'Lower case.';
COMMENT ON COLUMN users.password_hash IS 'Argon2id, as a PHC string.';

CREATE TABLE sessions (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz NOT NULL
);
CREATE INDEX sessions_user_idx ON sessions (user_id);
CREATE INDEX sessions_expire_time_idx ON sessions (expire_time);
COMMENT ON TABLE sessions IS 'What began with a login: a family of refresh tokens. Deleted when it ends.';
COMMENT ON COLUMN sessions.expire_time IS 'When its newest refresh token ends.';

CREATE TABLE refresh_tokens (
    token_hash  bytea       PRIMARY KEY,
    session_id  uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    create_time timestamptz NOT NULL DEFAULT now(),
    use_time    timestamptz
);
CREATE INDEX refresh_tokens_session_idx ON refresh_tokens (session_id);
COMMENT ON TABLE refresh_tokens IS 'The tokens of a session; all but the newest were used.';
COMMENT ON COLUMN refresh_tokens.token_hash IS 'SHA-256.';

CREATE TABLE members (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    user_id         uuid        NOT NULL REFERENCES users (id),
    role            text        NOT NULL,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id),
    CONSTRAINT members_role_check CHECK (role IN ('OWNER', 'ADMIN', 'MANAGER', 'MEMBER'))
);
CREATE INDEX members_user_idx ON members (user_id, organization_id);
COMMENT ON TABLE members IS 'Users in organizations.';

CREATE TABLE invitations (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    email           text        NOT NULL,
    role            text        NOT NULL,
    token_hash      bytea       NOT NULL,
    create_time     timestamptz NOT NULL DEFAULT now(),
    expire_time     timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT invitations_email_key UNIQUE (organization_id, email),
    CONSTRAINT invitations_role_check CHECK (role IN ('OWNER', 'ADMIN', 'MANAGER', 'MEMBER'))
);
COMMENT ON TABLE invitations IS 'What people join an organization with when they register.';
COMMENT ON COLUMN invitations.email IS 'Lower case.';
COMMENT ON COLUMN invitations.token_hash IS 'SHA-256.';

CREATE TABLE api_keys (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    name            text        NOT NULL,
    access          text        NOT NULL,
    secret_hash     bytea       NOT NULL,
    create_time     timestamptz NOT NULL DEFAULT now(),
    expire_time     timestamptz,
    last_use_time   timestamptz,
    revoke_time     timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT api_keys_access_check CHECK (access IN ('ADMIN', 'MANAGER', 'INTAKE', 'READ'))
);
COMMENT ON TABLE api_keys IS 'Keys of services.';
COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256.';
COMMENT ON COLUMN api_keys.last_use_time IS 'To within about a minute.';

-- The contacts that one transaction took in for one caller are one event: its id
-- is of the same millisecond as theirs, so that it is found without an index on
-- each of them.
CREATE TABLE audit_events (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    user_id         uuid,
    api_key_id      uuid,
    method          text        NOT NULL,
    resource_ids    uuid[]      NOT NULL,
    denied_reason   text,
    denied_count    bigint      NOT NULL DEFAULT 0,
    create_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX audit_events_resource_idx ON audit_events (organization_id, (resource_ids[1]), id);
COMMENT ON TABLE audit_events IS 'Who did what to which thing, and who was denied to.';
COMMENT ON COLUMN audit_events.denied_count IS 'How often it was denied within the hour.';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['members', 'invitations', 'api_keys', 'audit_events'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;
-- Users also see where they are members.
CREATE POLICY members_organization ON members
    USING (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid
        OR user_id = NULLIF(current_setting('minicrm.user_id', true), '')::uuid)
    WITH CHECK (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid);
CREATE POLICY invitations_organization ON invitations
    USING (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid);
CREATE POLICY api_keys_organization ON api_keys
    USING (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid);
CREATE POLICY audit_events_organization ON audit_events
    USING (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = NULLIF(current_setting('minicrm.organization_id', true), '')::uuid);
