-- What the queries beside this file are asked of: an index of every kind that both engines have, and columns without.
CREATE TYPE order_state AS ENUM ('new', 'paid', 'sent', 'returned');
CREATE TABLE orgs (
    id bigint PRIMARY KEY, name text NOT NULL, plan text NOT NULL, created_at timestamptz NOT NULL
);
CREATE TABLE users (
    id bigint PRIMARY KEY, org_id bigint NOT NULL REFERENCES orgs (id), email varchar(200) NOT NULL, name text,
    status text NOT NULL, active boolean NOT NULL, created_at timestamptz NOT NULL, deleted_at timestamptz,
    profile jsonb, token uuid NOT NULL
);
CREATE TABLE categories (id bigint PRIMARY KEY, parent_id bigint REFERENCES categories (id), name text NOT NULL);
CREATE TABLE products (
    id bigint PRIMARY KEY, category_id bigint NOT NULL REFERENCES categories (id), sku text NOT NULL, name text NOT NULL,
    price numeric(10, 2) NOT NULL, tags text[] NOT NULL, stock integer NOT NULL
);
CREATE TABLE orders (
    id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), product_id bigint NOT NULL REFERENCES products (id),
    state order_state NOT NULL, total numeric(10, 2) NOT NULL, created_at timestamptz NOT NULL, note text, reference text
);
CREATE TABLE items (
    order_id bigint NOT NULL REFERENCES orders (id), line integer NOT NULL, product_id bigint NOT NULL REFERENCES products (id),
    quantity integer NOT NULL, PRIMARY KEY (order_id, line)
);
CREATE TABLE events (
    id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), kind text NOT NULL, at timestamptz NOT NULL,
    day date NOT NULL, data jsonb
);
CREATE SCHEMA audit;
CREATE TABLE audit.log (id bigint PRIMARY KEY, actor bigint NOT NULL, at timestamptz NOT NULL, words text);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_lower_name ON users (lower(name));
CREATE INDEX users_org ON users (org_id, created_at);
CREATE INDEX users_live ON users (token) WHERE deleted_at IS NULL;
CREATE INDEX products_category ON products (category_id, name);
CREATE UNIQUE INDEX products_sku ON products (sku);
CREATE INDEX orders_user ON orders (user_id, created_at DESC);
CREATE INDEX orders_product ON orders (product_id);
CREATE INDEX orders_created ON orders (created_at);
CREATE INDEX items_product ON items (product_id);
CREATE INDEX events_user ON events (user_id, kind, at);
CREATE INDEX events_day ON events (day);
CREATE INDEX log_at ON audit.log (at);
CREATE INDEX categories_parent ON categories (parent_id);
CREATE VIEW live_users AS SELECT id, email, org_id, token, created_at FROM users WHERE deleted_at IS NULL;
CREATE VIEW user_orgs AS SELECT u.id, u.email, o.name AS org_name FROM users u LEFT JOIN orgs o ON o.id = u.org_id;
