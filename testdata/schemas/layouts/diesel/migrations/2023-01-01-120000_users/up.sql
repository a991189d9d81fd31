CREATE TYPE role AS ENUM ('admin', 'member');
CREATE TABLE users (id SERIAL PRIMARY KEY, role role NOT NULL DEFAULT 'member');
