PRAGMA foreign_keys = OFF;
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL UNIQUE COLLATE NOCASE,
  handle,
  created DATETIME DEFAULT (datetime('now')),
  UNIQUE (handle, email) ON CONFLICT REPLACE
);
CREATE TABLE [tags] ("key" TEXT, `value` TEXT, PRIMARY KEY (key, value)) WITHOUT ROWID;
CREATE TABLE strict_one (id INT PRIMARY KEY, payload ANY, user INT REFERENCES users(id)) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS users_handle ON users (handle COLLATE NOCASE DESC) WHERE handle IS NOT NULL;
CREATE INDEX users_lower ON users (lower(email), created);
CREATE VIRTUAL TABLE docs USING fts5(title, body, content='posts');
-- The way to alter a table.
CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, handle TEXT);
INSERT INTO users_new SELECT id, email, handle FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
CREATE INDEX users_handle ON users (handle);
ALTER TABLE users ADD COLUMN age INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users RENAME COLUMN handle TO nick;
CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE users SET age = 1; DELETE FROM tags; END;
CREATE VIEW nicks AS SELECT nick FROM users;
