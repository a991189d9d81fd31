SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.ar_internal_metadata (key character varying NOT NULL, value character varying);
CREATE TABLE public.users (id bigint NOT NULL, login character varying);
ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX index_users_on_lower_login ON public.users USING btree (lower((login)::text));
SET search_path TO "$user", public;
INSERT INTO "schema_migrations" (version) VALUES ('20230101000000');
