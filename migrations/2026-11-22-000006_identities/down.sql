DROP TABLE audit_events, api_keys, invitations, members, refresh_tokens, sessions, users;
DROP INDEX operators_user_idx;
ALTER TABLE organizations
    DROP COLUMN default_currency,
    DROP COLUMN default_phone_region,
    DROP COLUMN revision,
    DROP COLUMN update_time;
