//! Schemas of applications on a real server: what is made, what is refused, and that nothing of theirs runs as an admin.

use planlint::catalog::{Catalog, replay};
use planlint::dialect::Dialect;
use planlint::name::QName;
use planlint::schema::ddl;
use planlint::scratch::NativeStatement;
use planlint::scratch::postgres::cluster::{Cluster, DATABASE};
use planlint::scratch::postgres::schema::{self, Applied};
use planlint::source::{FileId, TreePath};
use planlint::sqlfile::{self, Part, SqlStatement, StatementClass};

/// Reads schema files as the pipe does, in this order.
fn statements(files: &[(String, String)]) -> Vec<SqlStatement> {
    let read = |(number, (path, text)): (usize, &(String, String))| {
        let facts = sqlfile::facts(FileId(number as u32), &TreePath::new(path), text);
        facts.statements
    };
    let all = files.iter().enumerate().flat_map(read);
    all.filter(|statement| statement.class == StatementClass::Schema && statement.part != Part::Down).collect()
}

fn catalog_of(statements: &[SqlStatement]) -> Catalog {
    let steps = statements.iter().flat_map(|one| ddl::steps(&one.text, one.place, Dialect::Postgres).0);
    replay(Dialect::Postgres, &steps.collect::<Vec<_>>()).0
}

fn apply(cluster: &Cluster, statements: &[SqlStatement], catalog: &Catalog) -> Applied {
    let mut admin = cluster.admin(DATABASE).expect("an admin's session");
    let mut planner = cluster.planner(DATABASE).expect("a planner's session");
    let native: Vec<NativeStatement<'_>> =
        statements.iter().map(|one| NativeStatement { sql: &one.text, place: one.place }).collect();
    schema::apply(&mut admin, &mut planner, &native, catalog).expect("no session is lost")
}

/// Applies one text and returns it as it was replayed and as it was applied.
pub fn apply_text(cluster: &Cluster, text: &str) -> (Catalog, Applied) {
    let statements = statements(&[("schema.sql".to_owned(), text.to_owned())]);
    let catalog = catalog_of(&statements);
    let applied = apply(cluster, &statements, &catalog);
    (catalog, applied)
}

/// Applies one file and returns what was applied, with its skips as `reason: detail`.
fn applied(text: &str) -> Option<(Catalog, Applied, Vec<String>)> {
    let cluster = super::cluster()?;
    let (catalog, applied) = apply_text(&cluster, text);
    let skips = applied.skips.iter().map(|skip| format!("{}: {}", skip.reason, skip.detail)).collect();
    Some((catalog, applied, skips))
}

#[test]
fn what_only_a_newer_server_reads_says_so() {
    // PostgreSQL reads a subquery without an alias from 16 on.
    let text = "CREATE TABLE t (a int); CREATE TABLE u AS SELECT a FROM (SELECT a FROM t);";
    let Some((_, applied, skips)) = applied(text) else { return };
    assert!(applied.tables.keys().any(|name| name.name == "u"), "it is made from the catalogue, if by nothing else");
    let expect = "native-refused: postgres refuses the statement: subquery in FROM must have an alias; \
                  it is written for PostgreSQL 16 or newer: install it, or name it with `--pg-bin`";
    assert!(skips.is_empty() || skips == [expect], "{skips:?}");
}

#[test]
fn a_dump_is_applied_as_it_is_whatever_it_asks_of_the_server() {
    let text = "
        SET statement_timeout = 0;
        SELECT pg_catalog.set_config('search_path', '', false);
        CREATE ROLE owner;
        CREATE SCHEMA app AUTHORIZATION owner;
        CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;
        CREATE TYPE public.mood AS ENUM ('glad', 'sad');
        CREATE DOMAIN app.email AS text CHECK (VALUE ~ '@');
        CREATE TABLE app.early AS SELECT * FROM public.late;
        CREATE VIEW app.glad AS SELECT id FROM public.late WHERE mood = 'glad';
        CREATE FUNCTION app.f() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN not even SQL; END $$;
        CREATE TABLE public.late (id bigint NOT NULL, mood public.mood, mail app.email, at timestamptz DEFAULT now());
        ALTER TABLE public.late OWNER TO owner;
        CREATE SEQUENCE public.late_id_seq;
        ALTER TABLE ONLY public.late ALTER COLUMN id SET DEFAULT nextval('public.late_id_seq'::regclass);
        COPY public.late (id) FROM stdin;
1
\\.
        ALTER TABLE ONLY public.late ADD CONSTRAINT late_pkey PRIMARY KEY (id);
        CREATE INDEX late_mood ON public.late USING btree (mood, at DESC);
        CREATE MATERIALIZED VIEW app.counts AS SELECT mood, count(*) AS n FROM public.late GROUP BY mood;
        CREATE UNIQUE INDEX counts_mood ON app.counts (mood);
        CREATE TABLE app.parts (id bigint, at date) PARTITION BY RANGE (at);
        CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE INDEX parts_at ON app.parts (at);
        CREATE TABLE app.spaced (id bigint PRIMARY KEY) TABLESPACE fast;
        CREATE TABLE app.placed (id bigint, place public.geography_of_nowhere, CONSTRAINT placed_key UNIQUE (id));
        CREATE INDEX placed_place ON app.placed (place);
        CREATE TRIGGER t BEFORE INSERT ON public.late FOR EACH ROW EXECUTE FUNCTION app.f();
        GRANT SELECT ON public.late TO owner;
        CREATE PUBLICATION p FOR ALL TABLES;
    ";
    let Some((catalog, applied, skips)) = applied(text) else { return };
    let tables: Vec<String> = applied.tables.keys().map(ToString::to_string).collect();
    let expected = ["app.counts", "app.early", "late", "app.parts", "app.parts_1", "app.placed", "app.spaced"];
    assert_eq!(tables, expected, "{skips:#?}");
    let unmapped: Vec<_> = catalog.indexes().filter(|index| !applied.indexes.contains_key(&index.id)).collect();
    assert!(unmapped.is_empty(), "{unmapped:#?} {skips:#?}");
    assert!(applied.refused.is_empty(), "{:?}", applied.refused);
    let reasons = |reason: &str| skips.iter().filter(|skip| skip.starts_with(reason)).count();
    assert_eq!(reasons("extension-missing: the extension `dblink`"), 1, "{skips:#?}");
    assert_eq!(
        reasons("native-refused: postgres refuses the statement: tablespace \"fast\" does not exist"),
        1,
        "{skips:#?}"
    );
    assert_eq!(reasons("extension-missing: the type `geography_of_nowhere` is not there"), 1, "{skips:#?}");
}

#[test]
fn a_statement_that_came_too_early_is_sent_again_and_its_drop_after_it() {
    let text = "
        DROP TABLE kept;
        CREATE TABLE child (id int REFERENCES parent (id), name text);
        ALTER TABLE child DROP COLUMN name;
        CREATE TABLE gone (id int REFERENCES parent (id));
        DROP TABLE gone;
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE kept (id int);
        DO $$ BEGIN CREATE TYPE made AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        CREATE TABLE typed (of_block made);
    ";
    let Some((_, applied, skips)) = applied(text) else { return };
    let tables: Vec<String> = applied.tables.keys().map(ToString::to_string).collect();
    assert_eq!(tables, ["child", "kept", "parent", "typed"], "{skips:#?}");
    let child = applied.relations.table(&QName::read("child")).expect("a table");
    assert_eq!(child.attributes.len(), 1, "{skips:#?}");
}

#[test]
fn a_type_that_is_not_there_costs_no_other_column_its_type() {
    let text = "
        CREATE SCHEMA app;
        CREATE DOMAIN app.spot AS geography_of_nowhere(Point, 4326);
        CREATE TABLE bookings (id bigint PRIMARY KEY, during tstzrange NOT NULL, at_point point, tags text[],
            emb vector_of_nowhere(3) NOT NULL, embs vector_of_nowhere(3)[], near app.spot, UNIQUE (emb));
        CREATE INDEX bookings_during ON bookings USING gist (during);
        CREATE INDEX bookings_at ON bookings USING gist (at_point);
        CREATE INDEX bookings_tags ON bookings USING gin (tags);
        CREATE INDEX bookings_emb ON bookings USING hnsw_of_nowhere (emb vector_ops);
        ALTER TABLE bookings ADD COLUMN other vector_of_nowhere;
        ALTER TABLE bookings ADD CONSTRAINT apart EXCLUDE USING gist (during WITH &&);
    ";
    let Some(cluster) = super::cluster() else { return };
    let (_, applied) = apply_text(&cluster, text);
    let mut skips: Vec<_> = applied.skips.iter().map(|skip| skip.detail.as_str()).collect();
    skips.sort_unstable();
    let stand_in = "is not there: a stand-in was made, without its operators and functions; \
                    add the statement that makes it, or install the extension that brings it";
    assert_eq!(
        skips,
        [
            "postgres has no index `bookings_emb` on `bookings` after the last statement",
            "postgres refuses the statement: access method \"hnsw_of_nowhere\" does not exist",
            &format!("the type `geography_of_nowhere` {stand_in}"),
            &format!("the type `vector_of_nowhere` {stand_in}"),
        ]
    );
    let mut planner = cluster.planner(DATABASE).expect("a session");
    planner.run("SET enable_seqscan = off").expect("it may");
    let mut check = |condition: &str, index: &str| {
        let query = format!("EXPLAIN (COSTS off) SELECT * FROM bookings WHERE {condition}");
        let plan = planner.rows(&query).unwrap_or_else(|error| panic!("{condition}: {error}"));
        let plan = plan.concat().into_iter().flatten().collect::<Vec<_>>().join("\n");
        assert!(plan.contains(index), "{condition}: {plan}");
    };
    check("at_point <@ box '((0,0),(1,1))'", "bookings_at");
    check("tags @> ARRAY['a']", "bookings_tags");
    check("emb = 'x' AND other || 'a' = 'b'", "bookings_emb_key");
    check("near = 'x' AND during && tstzrange(now(), NULL)", "Index Cond: (during &&");
}

#[test]
fn a_type_of_an_extension_that_is_not_installed_is_there_before_it_is_dropped_again() {
    let text = "
        CREATE EXTENSION vector WITH SCHEMA ext;
        CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE TABLE gone (id bigint, mood mood, emb ext.vector(3));
        CREATE INDEX gone_mood ON gone (mood);
        DROP TABLE gone;
        DROP TYPE mood;
        CREATE TABLE kept (id bigint, emb ext.vector(3));
    ";
    let Some((_, applied, skips)) = applied(text) else { return };
    let kept = applied.relations.table(&QName::read("kept")).expect("a table");
    assert_eq!(kept.attributes.len(), 2);
    // None where pgvector is installed.
    if !skips.is_empty() {
        assert_eq!(skips.len(), 2, "{skips:#?}");
        assert!(skips[0].starts_with("extension-missing: the extension `vector` is not installed"), "{skips:#?}");
        assert!(skips[1].starts_with("extension-missing: the type `vector` is not there"), "{skips:#?}");
    }
}

#[test]
fn a_type_of_the_schema_has_no_stand_in() {
    let text = "
        CREATE TYPE mood AS ENUM ('glad', 'sad');
        CREATE TABLE gone (id bigint REFERENCES late (id), mood mood);
        DROP TABLE gone;
        DROP TYPE mood;
        CREATE TABLE late (id bigint PRIMARY KEY);
    ";
    let Some((_, _, skips)) = applied(text) else { return };
    assert_eq!(skips, ["native-refused: postgres refuses the statement: type \"mood\" does not exist"]);
}

#[test]
fn a_table_made_from_the_catalogue_keeps_the_types_that_the_server_knows() {
    let text = "
        CREATE TABLE booked (id bigint PRIMARY KEY, during tstzrange NOT NULL, emb nowhere.vector(3));
        CREATE INDEX booked_during ON booked USING gist (during);
    ";
    let Some((_, applied, skips)) = applied(text) else { return };
    assert_eq!(skips, ["native-refused: postgres refuses the statement: schema \"nowhere\" does not exist"]);
    assert_eq!(applied.indexes.len(), 2);
}

/// The planner runs IMMUTABLE functions while it plans: what they do must be what a role without rights may do.
#[test]
fn nothing_of_the_code_base_runs_with_rights() {
    let Some(cluster) = super::cluster() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    // Wide open, so that only the missing rights keep the file from being there.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("it is ours");
    let marker = folder.path().join("ran");
    // Only a volatile function may run commands; an immutable one may call it.
    let evil = format!(
        "CREATE FUNCTION public.deed() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
            BEGIN EXECUTE 'RESET ROLE'; EXCEPTION WHEN OTHERS THEN NULL; END;
            BEGIN EXECUTE 'RESET SESSION AUTHORIZATION'; EXCEPTION WHEN OTHERS THEN NULL; END;
            BEGIN EXECUTE 'SET ROLE planlint'; EXCEPTION WHEN OTHERS THEN NULL; END;
            BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {0}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
            BEGIN EXECUTE 'COPY (SELECT 1) TO ''{0}'''; EXCEPTION WHEN OTHERS THEN NULL; END;
            END $$;
         CREATE FUNCTION public.evil(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
            PERFORM public.deed(); RETURN $1; END $$;
         CREATE FUNCTION pg_catalog.evil(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT public.evil($1)';",
        marker.display()
    );
    let text = [
        evil,
        "CREATE FUNCTION lower(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT evil($1)';
         CREATE DOMAIN checked AS integer CHECK (evil(VALUE) > 0);
         CREATE TABLE t (id integer PRIMARY KEY, a integer DEFAULT evil(1), b checked,
             c integer GENERATED ALWAYS AS (evil(id)) STORED, CHECK (evil(a) > evil(2)));
         ALTER TABLE t ADD COLUMN d integer DEFAULT evil(3) NOT NULL;
         CREATE INDEX t_expression ON t (evil(a), (evil(4) + a));
         CREATE INDEX t_partial ON t (a) WHERE evil(5) > a;
         CREATE STATISTICS t_extended ON (evil(a)), b FROM t;
         CREATE VIEW v AS SELECT evil(6) AS six, * FROM t WHERE evil(7) = a;
         CREATE TABLE copied AS SELECT evil(8) AS eight;
         CREATE MATERIALIZED VIEW kept AS SELECT evil(9) AS nine;
         DO $$ BEGIN PERFORM evil(10); END $$;
         SELECT evil(11);
         SET ROLE planlint;
         ALTER ROLE planner SUPERUSER;
         ALTER DATABASE postgres SET local_preload_libraries = 'evil';
         CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION evil();"
            .to_owned(),
    ]
    .concat();
    let statements = statements(&[("schema.sql".to_owned(), text)]);
    let catalog = catalog_of(&statements);
    let applied = apply(&cluster, &statements, &catalog);
    assert!(applied.tables.len() >= 2, "{:?}", applied.skips);
    let planlint_stats = super::statistics::assumed(&catalog);
    let mut admin = cluster.admin(DATABASE).expect("a session");
    super::statistics::inject(&mut admin, &catalog, &applied, &planlint_stats);
    let mut planner = cluster.planner(DATABASE).expect("a session");
    for query in [
        "SELECT * FROM t WHERE evil(12) = a",
        "SELECT * FROM v WHERE evil(1) + id = 3 AND b = 4",
        "SELECT * FROM copied",
    ] {
        planner.rows(&format!("EXPLAIN {query}")).unwrap_or_else(|error| panic!("{query}: {error}"));
    }
    let roles = admin.rows("SELECT rolname FROM pg_roles WHERE rolsuper").expect("roles");
    assert_eq!(roles, [[Some("planlint".to_owned())]]);
    assert!(!marker.exists(), "the code base ran a program or wrote a file");
    // The same function does it for a superuser: the test can fail.
    admin.rows("SELECT public.evil(1)").expect("it runs");
    assert!(marker.exists(), "the marker can be made");
}
