-- migrate:up
CREATE TABLE a (id integer PRIMARY KEY, old text);

-- migrate:down
DROP TABLE a;
