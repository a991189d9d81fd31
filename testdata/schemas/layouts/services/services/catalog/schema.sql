CREATE TABLE products (id bigserial PRIMARY KEY);
