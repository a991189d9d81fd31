CREATE TABLE IF NOT EXISTS "schema_migrations" (version varchar(128) primary key);
CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, new text);
-- Dbmate schema migrations
INSERT INTO "schema_migrations" (version) VALUES
  ('20230101000000');
