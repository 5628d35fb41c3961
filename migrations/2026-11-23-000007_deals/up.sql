-- The sale that follows: deals, their tasks and timelines, and what they come to.

ALTER TABLE organizations
    ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC',
    ADD COLUMN currencies text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN organizations.time_zone IS 'As Postgres knows it.';
COMMENT ON COLUMN organizations.currencies IS 'ISO 4217; those that deals may have, none: all.';

CREATE TABLE deals (
    organization_id   uuid           NOT NULL REFERENCES organizations (id),
    id                uuid           NOT NULL,
    lead_id           uuid           NOT NULL,
    contact_id        uuid,
    owner_user_id     uuid,
    title             text           NOT NULL,
    amount            numeric(15, 2) NOT NULL,
    -- Numbers of this type can be looked up in an index behind a policy.
    amount_hundredths bigint         NOT NULL GENERATED ALWAYS AS ((amount * 100)::bigint) STORED,
    currency          text           NOT NULL,
    status            text           NOT NULL,
    stage             text           NOT NULL,
    reached_stage     text           NOT NULL,
    revision          integer        NOT NULL DEFAULT 1,
    create_time       timestamptz    NOT NULL DEFAULT now(),
    update_time       timestamptz    NOT NULL DEFAULT now(),
    close_time        timestamptz,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT deals_lead_fkey FOREIGN KEY (organization_id, lead_id)
        REFERENCES leads (organization_id, id),
    CONSTRAINT deals_contact_fkey FOREIGN KEY (organization_id, contact_id)
        REFERENCES contacts (organization_id, id),
    CONSTRAINT deals_amount_check CHECK (amount >= 0),
    CONSTRAINT deals_status_check CHECK (status IN ('NEW', 'IN_PROGRESS', 'WON', 'LOST')),
    CONSTRAINT deals_stage_check
        CHECK (stage IN ('QUALIFICATION', 'PROPOSAL', 'NEGOTIATION', 'CLOSED')),
    CONSTRAINT deals_reached_stage_check
        CHECK (reached_stage IN ('QUALIFICATION', 'PROPOSAL', 'NEGOTIATION')),
    CONSTRAINT deals_won_check CHECK (status <> 'WON' OR amount > 0),
    CONSTRAINT deals_final_check CHECK (status IN ('NEW', 'IN_PROGRESS') OR stage = 'CLOSED'),
    CONSTRAINT deals_closed_check CHECK ((stage = 'CLOSED') = (close_time IS NOT NULL))
);
COMMENT ON TABLE deals IS 'Sales that are hoped for, or were made.';
COMMENT ON COLUMN deals.amount_hundredths IS 'The amount, times 100.';
COMMENT ON COLUMN deals.currency IS 'ISO 4217.';
COMMENT ON COLUMN deals.reached_stage IS 'The furthest one it was in, but for CLOSED.';
COMMENT ON COLUMN deals.revision IS 'Counts updates; the etag.';

CREATE INDEX deals_lead_idx ON deals (organization_id, lead_id, id);
CREATE INDEX deals_contact_idx ON deals (organization_id, contact_id)
    WHERE contact_id IS NOT NULL;
-- A range for each status and stage, in every order that deals are listed in.
CREATE INDEX deals_create_time_idx
    ON deals (organization_id, status, stage, create_time, id);
CREATE INDEX deals_update_time_idx
    ON deals (organization_id, status, stage, update_time, id);
CREATE INDEX deals_amount_idx
    ON deals (organization_id, status, stage, amount_hundredths, id);
CREATE INDEX deals_owner_create_time_idx
    ON deals (organization_id, owner_user_id, status, stage, create_time, id);
CREATE INDEX deals_owner_update_time_idx
    ON deals (organization_id, owner_user_id, status, stage, update_time, id);
CREATE INDEX deals_owner_amount_idx
    ON deals (organization_id, owner_user_id, status, stage, amount_hundredths, id);

-- Of each owner and of everybody, by the time deals were created: all of them,
-- those of each day, of each hour.
CREATE TABLE deal_counts (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    owner_user_id   uuid        NOT NULL,
    span            text        NOT NULL,
    start_time      timestamptz NOT NULL,
    currency        text        NOT NULL,
    status          text        NOT NULL,
    stage           text        NOT NULL,
    reached_stage   text        NOT NULL,
    deals           bigint      NOT NULL,
    amount          numeric     NOT NULL,
    PRIMARY KEY (organization_id, owner_user_id, span, start_time, currency, status, stage,
        reached_stage),
    CONSTRAINT deal_counts_span_check CHECK (span IN ('ALL', 'DAY', 'HOUR'))
);
COMMENT ON TABLE deal_counts IS 'Deals and their amounts, counted as they change.';
COMMENT ON COLUMN deal_counts.start_time IS 'When the day or hour begins, by UTC; all: -infinity.';
COMMENT ON COLUMN deal_counts.owner_user_id IS 'All zeros: everybody and nobody.';

CREATE TABLE tasks (
    organization_id  uuid        NOT NULL REFERENCES organizations (id),
    id               uuid        NOT NULL,
    deal_id          uuid        NOT NULL,
    title            text        NOT NULL,
    description      text        NOT NULL,
    due_date         date,
    -- In lists, tasks that are not due by any day come last.
    due_order        date        NOT NULL
        GENERATED ALWAYS AS (coalesce(due_date, DATE '10000-01-01')) STORED,
    assignee_user_id uuid,
    done_time        timestamptz,
    revision         integer     NOT NULL DEFAULT 1,
    create_time      timestamptz NOT NULL DEFAULT now(),
    update_time      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT tasks_deal_fkey FOREIGN KEY (organization_id, deal_id)
        REFERENCES deals (organization_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE tasks IS 'What is to be done about deals.';
COMMENT ON COLUMN tasks.due_order IS 'The due date, or a day after all others.';
COMMENT ON COLUMN tasks.done_time IS 'NULL: to be done.';
COMMENT ON COLUMN tasks.revision IS 'Counts changes; the etag.';

CREATE INDEX tasks_deal_idx ON tasks (organization_id, deal_id, id);
CREATE INDEX tasks_due_idx ON tasks (organization_id, due_order, id);
CREATE INDEX tasks_assignee_idx ON tasks (organization_id, assignee_user_id, id)
    WHERE assignee_user_id IS NOT NULL;
CREATE INDEX tasks_assignee_due_idx ON tasks (organization_id, assignee_user_id, due_order, id)
    WHERE assignee_user_id IS NOT NULL;
-- The same of those that are to be done.
CREATE INDEX tasks_open_idx ON tasks (organization_id, id) WHERE done_time IS NULL;
CREATE INDEX tasks_open_due_idx ON tasks (organization_id, due_order, id)
    WHERE done_time IS NULL;
CREATE INDEX tasks_open_assignee_idx ON tasks (organization_id, assignee_user_id, id)
    WHERE done_time IS NULL AND assignee_user_id IS NOT NULL;
CREATE INDEX tasks_open_assignee_due_idx
    ON tasks (organization_id, assignee_user_id, due_order, id)
    WHERE done_time IS NULL AND assignee_user_id IS NOT NULL;

CREATE TABLE activities (
    organization_id uuid        NOT NULL REFERENCES organizations (id),
    id              uuid        NOT NULL,
    deal_id         uuid        NOT NULL,
    number          bigint      NOT NULL,
    author_user_id  uuid,
    payload         jsonb       NOT NULL,
    create_time     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT activities_number_key UNIQUE (organization_id, deal_id, number),
    CONSTRAINT activities_deal_fkey FOREIGN KEY (organization_id, deal_id)
        REFERENCES deals (organization_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE activities IS 'What happened to deals.';
COMMENT ON COLUMN activities.number IS 'Place on the timeline of the deal, from 1.';
COMMENT ON COLUMN activities.author_user_id IS 'NULL: not a user, but a service.';
COMMENT ON COLUMN activities.payload IS 'What happened: `type`, and what belongs to it.';

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['deals', 'deal_counts', 'tasks', 'activities'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY %I ON %I
             USING (organization_id = NULLIF(current_setting(''minicrm.organization_id'', true), '''')::uuid)
             WITH CHECK (organization_id = NULLIF(current_setting(''minicrm.organization_id'', true), '''')::uuid)',
            name || '_organization', name);
    END LOOP;
END $$;
