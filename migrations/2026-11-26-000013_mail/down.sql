DROP TABLE user_tokens;
ALTER TABLE refresh_tokens DROP COLUMN successor;
ALTER TABLE users DROP COLUMN tokens_valid_from;
ALTER TABLE users DROP COLUMN email_verify_time;
