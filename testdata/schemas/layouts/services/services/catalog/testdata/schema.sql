CREATE TABLE never (id bigserial PRIMARY KEY);
