-- Everything here is named before its place in the alphabet: what is printed has to find the order again.
CREATE SCHEMA shop;
CREATE SEQUENCE z_ids;
CREATE TYPE shop.z_kind AS ENUM ('plain', 'odd');
CREATE DOMAIN z_positive AS integer NOT NULL;
CREATE TABLE z_owners (id integer PRIMARY KEY, favourite_id integer, code text UNIQUE);
CREATE TABLE accounts (
    id bigint PRIMARY KEY DEFAULT nextval('z_ids'::regclass),
    owner_id integer NOT NULL REFERENCES z_owners (id) ON DELETE CASCADE,
    merged_into_id bigint REFERENCES accounts (id),
    owner_code text REFERENCES z_owners (code)
);
ALTER TABLE z_owners ADD CONSTRAINT favourite FOREIGN KEY (favourite_id) REFERENCES shop.articles (id);
CREATE TABLE shop.articles (
    id integer PRIMARY KEY,
    kind shop.z_kind NOT NULL,
    amount z_positive,
    account_id bigint REFERENCES accounts (id)
);
CREATE TABLE accounts_of_children (guardian text) INHERITS (z_owners);
CREATE TABLE aaa_links (child_id integer REFERENCES z_owners (id), article_id integer REFERENCES shop.articles (id));
CREATE VIEW z_open AS SELECT id, owner_id FROM accounts WHERE merged_into_id IS NULL;
CREATE VIEW open_of_owners AS SELECT o.code, z.id FROM z_owners o JOIN z_open z ON z.owner_id = o.id;
CREATE MATERIALIZED VIEW a_counts AS SELECT owner_id, count(*) AS n FROM accounts GROUP BY owner_id;
CREATE INDEX articles_odd ON shop.articles (amount) WHERE kind = 'odd';
