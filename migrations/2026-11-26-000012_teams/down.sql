DROP FUNCTION remove_closed_organization;
COMMENT ON TABLE invitations IS 'What people join an organization with when they register.';
ALTER TABLE invitations DROP COLUMN inviter_user_id, DROP COLUMN inviter_api_key_id;
ALTER TABLE members DROP COLUMN default_time;
ALTER TABLE organizations
    DROP COLUMN access_revision, DROP COLUMN access_time, DROP COLUMN delete_time;
