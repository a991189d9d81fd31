-- +goose Up
CREATE TABLE feeds (id UUID PRIMARY KEY, url TEXT UNIQUE NOT NULL, user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE);
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END; $$ LANGUAGE plpgsql;
-- +goose StatementEnd

-- +goose Down
DROP TABLE feeds;
