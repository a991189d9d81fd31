CREATE INDEX idx_users_mail ON users (mail);
