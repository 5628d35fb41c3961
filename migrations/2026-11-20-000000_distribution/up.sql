-- Leads, contacts, operators and sources.
--
-- `organization_id` is the first column of every key: a foreign key can then
-- never reach another tenant's row, and the tables can be distributed by it.
-- Ids are UUIDv7 made by the application, so `id` order is creation order.

CREATE TABLE organizations (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE organizations IS 'Tenants.';

CREATE TABLE leads (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    external_id     text,
    phone           text,
    email           text,
    name            text        NOT NULL DEFAULT '',
    owner_user_id   uuid,
    revision        integer     NOT NULL DEFAULT 1,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT leads_external_id_key UNIQUE (organization_id, external_id),
    CONSTRAINT leads_phone_key UNIQUE (organization_id, phone),
    CONSTRAINT leads_email_key UNIQUE (organization_id, email)
);
CREATE INDEX leads_owner_idx ON leads (organization_id, owner_user_id, id)
    WHERE owner_user_id IS NOT NULL;
COMMENT ON TABLE leads IS 'The people and companies who ask.';
COMMENT ON COLUMN leads.phone IS 'E.164.';
COMMENT ON COLUMN leads.email IS 'Lower case.';
COMMENT ON COLUMN leads.revision IS 'Counts updates; the etag.';

CREATE TABLE sources (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    code            text        NOT NULL,
    name            text        NOT NULL,
    description     text        NOT NULL DEFAULT '',
    active          boolean     NOT NULL DEFAULT true,
    strategy        text        NOT NULL DEFAULT 'WEIGHTED_RANDOM',
    revision        integer     NOT NULL DEFAULT 1,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    delete_time     timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT sources_strategy_check CHECK (strategy IN ('WEIGHTED_RANDOM'))
);
CREATE UNIQUE INDEX sources_code_key ON sources (organization_id, code)
    WHERE delete_time IS NULL;
COMMENT ON TABLE sources IS 'The channels contacts come through.';
COMMENT ON COLUMN sources.code IS 'Unique among the sources that are not deleted.';
COMMENT ON COLUMN sources.revision IS 'Counts updates; the etag.';

-- Half-empty pages keep the frequent changes of `load` within a page (HOT).
CREATE TABLE operators (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    name            text        NOT NULL,
    active          boolean     NOT NULL DEFAULT true,
    load_limit      integer,
    window_limit    integer,
    window_seconds  integer     NOT NULL DEFAULT 86400,
    load            integer     NOT NULL DEFAULT 0,
    user_id         uuid,
    revision        integer     NOT NULL DEFAULT 1,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    delete_time     timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT operators_load_limit_check CHECK (load_limit >= 0),
    CONSTRAINT operators_window_limit_check CHECK (window_limit >= 0),
    CONSTRAINT operators_window_seconds_check CHECK (window_seconds > 0),
    -- No `load <= load_limit`: a limit may be lowered below the present load.
    CONSTRAINT operators_load_check CHECK (load >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE operators IS 'The people who handle contacts.';
COMMENT ON COLUMN operators.load IS
    'Active contacts of the operator; changes only together with them.';
COMMENT ON COLUMN operators.revision IS 'Counts updates, not changes of load; the etag.';

CREATE TABLE operator_weights (
    organization_id uuid        NOT NULL,
    source_id       uuid        NOT NULL,
    operator_id     uuid        NOT NULL,
    weight          integer     NOT NULL,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, source_id, operator_id),
    CONSTRAINT operator_weights_source_fkey
        FOREIGN KEY (organization_id, source_id) REFERENCES sources (organization_id, id),
    CONSTRAINT operator_weights_operator_fkey
        FOREIGN KEY (organization_id, operator_id) REFERENCES operators (organization_id, id),
    CONSTRAINT operator_weights_weight_check CHECK (weight BETWEEN 0 AND 1000000)
);
CREATE INDEX operator_weights_operator_idx ON operator_weights (organization_id, operator_id);
COMMENT ON TABLE operator_weights IS 'The operators'' shares of a source''s contacts.';
COMMENT ON COLUMN operator_weights.weight IS '0 pauses the operator on the source.';

-- The same pool serves many draws, so it is stored once: its id is a digest of
-- its content.
CREATE TABLE candidate_pools (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    source_id       uuid        NOT NULL,
    candidates      jsonb       NOT NULL,
    excluded        jsonb       NOT NULL,
    create_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id)
);
COMMENT ON TABLE candidate_pools IS
    'Who could get a contact of a source, and who not, at the time of a draw.';
COMMENT ON COLUMN candidate_pools.candidates IS '`[{operator_id, weight}]`, by operator id.';
COMMENT ON COLUMN candidate_pools.excluded IS '`[{operator_id, weight, reason}]`, by operator id.';

CREATE TABLE contacts (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    lead_id         uuid        NOT NULL,
    source_id       uuid        NOT NULL,
    operator_id     uuid,
    pool_id         uuid,
    status          text        NOT NULL DEFAULT 'NEW',
    message         text        NOT NULL DEFAULT '',
    backlog_reason  text,
    revision        integer     NOT NULL DEFAULT 1,
    create_time     timestamptz NOT NULL DEFAULT now(),
    update_time     timestamptz NOT NULL DEFAULT now(),
    assign_time     timestamptz,
    close_time      timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT contacts_lead_fkey
        FOREIGN KEY (organization_id, lead_id) REFERENCES leads (organization_id, id),
    CONSTRAINT contacts_source_fkey
        FOREIGN KEY (organization_id, source_id) REFERENCES sources (organization_id, id),
    CONSTRAINT contacts_operator_fkey
        FOREIGN KEY (organization_id, operator_id) REFERENCES operators (organization_id, id),
    CONSTRAINT contacts_status_check CHECK (status IN ('NEW', 'IN_PROGRESS', 'CLOSED')),
    CONSTRAINT contacts_backlog_check
        CHECK ((operator_id IS NULL) = (backlog_reason IS NOT NULL)
           AND (operator_id IS NULL) = (assign_time IS NULL)),
    CONSTRAINT contacts_close_check CHECK ((status = 'CLOSED') = (close_time IS NOT NULL))
);
CREATE INDEX contacts_lead_idx ON contacts (organization_id, lead_id, id);
CREATE INDEX contacts_source_idx ON contacts (organization_id, source_id, id);
CREATE INDEX contacts_operator_idx ON contacts (organization_id, operator_id, id);
CREATE INDEX contacts_backlog_idx ON contacts (organization_id, id) WHERE operator_id IS NULL;
COMMENT ON TABLE contacts IS 'Enquiries of leads through sources.';
COMMENT ON COLUMN contacts.operator_id IS 'NULL in the backlog.';
COMMENT ON COLUMN contacts.pool_id IS
    'Pool of the draw that gave it to its operator; NULL in the backlog and after a manual decision.';
COMMENT ON COLUMN contacts.revision IS 'Counts changes; the etag.';

-- Append-only, without foreign keys: operators and pools are never deleted, the
-- contact written beside each row has the key for the operator, and what was
-- given to an operator counts in its window even when lead and contact are gone.
CREATE TABLE assignments (
    organization_id      uuid        NOT NULL,
    contact_id           uuid        NOT NULL,
    id                   uuid        NOT NULL,
    kind                 text        NOT NULL,
    operator_id          uuid,
    previous_operator_id uuid,
    backlog_reason       text,
    pool_id              uuid,
    draw                 bigint,
    forced               boolean     NOT NULL DEFAULT false,
    create_time          timestamptz NOT NULL,
    PRIMARY KEY (organization_id, contact_id, id),
    CONSTRAINT assignments_kind_check
        CHECK (kind IN ('AUTOMATIC', 'MANUAL', 'REASSIGNED', 'KEPT', 'RELEASED'))
);
CREATE INDEX assignments_window_idx ON assignments (organization_id, operator_id, create_time)
    WHERE operator_id IS NOT NULL AND kind <> 'KEPT';
COMMENT ON TABLE assignments IS 'The decisions about who handles a contact.';
COMMENT ON COLUMN assignments.draw IS
    'Number drawn, below the sum of the candidates'' weights in the pool.';

CREATE TABLE requests (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    method          text        NOT NULL,
    request_id      uuid        NOT NULL,
    fingerprint     bytea       NOT NULL,
    response        bytea,
    create_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, method, request_id)
);
CREATE INDEX requests_create_time_idx ON requests (organization_id, create_time);
COMMENT ON TABLE requests IS 'Answers given to requests that carried a `request_id`.';
COMMENT ON COLUMN requests.fingerprint IS 'SHA-256 of the encoded request.';
COMMENT ON COLUMN requests.response IS 'Encoded answer, written in the transaction it tells of.';
