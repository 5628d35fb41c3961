-- Addresses that are known to be their users', what is mailed to them, and refresh
-- tokens that give their successor again for a moment.

ALTER TABLE users ADD COLUMN email_verify_time timestamptz;
COMMENT ON COLUMN users.email_verify_time IS
    'When the address was found to be the user''s; NULL: not yet.';

ALTER TABLE users ADD COLUMN tokens_valid_from timestamptz;
COMMENT ON COLUMN users.tokens_valid_from IS
    'Access tokens that were made before are refused: the password has changed. NULL: none is.';

ALTER TABLE refresh_tokens ADD COLUMN successor bytea;
COMMENT ON COLUMN refresh_tokens.successor IS
    'The next token, which only this one opens; NULL: it is not given again.';

CREATE TABLE user_tokens (
    token_hash  bytea       PRIMARY KEY,
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose     text        NOT NULL,
    mailed      boolean     NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    expire_time timestamptz NOT NULL,
    CONSTRAINT user_tokens_purpose_check CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD'))
);
CREATE INDEX user_tokens_user_idx ON user_tokens (user_id);
CREATE INDEX user_tokens_expire_time_idx ON user_tokens (expire_time);
COMMENT ON TABLE user_tokens IS 'What users prove their address with, or set a new password. Deleted when it is used.';
COMMENT ON COLUMN user_tokens.token_hash IS 'SHA-256.';
COMMENT ON COLUMN user_tokens.mailed IS 'Whether it was mailed: who has it has the address.';
