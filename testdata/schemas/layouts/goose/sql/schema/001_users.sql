-- +goose Up
CREATE TABLE users (id UUID PRIMARY KEY, created_at TIMESTAMP NOT NULL);

-- +goose Down
DROP TABLE users;
