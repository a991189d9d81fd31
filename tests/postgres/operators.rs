//! An index of another method that is made empty and given a size costs what the one that is really there costs.

use planlint::pull::{self, Values};
use planlint::scratch::postgres::cluster::DATABASE;
use planlint::scratch::postgres::session::Session;
use planlint::snapshot::{FILE, Snapshot};
use serde_json::Value;

use super::run::{Project, told};

const SCHEMA: &str = "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE TABLE docs (id bigint PRIMARY KEY, data jsonb NOT NULL, tags text[] NOT NULL, words tsvector NOT NULL, during tstzrange NOT NULL, addr inet NOT NULL, title text NOT NULL);";
const ROWS: &str = "INSERT INTO docs SELECT i, jsonb_build_object('a', i % 1000, 'b', md5((i % 5000)::text), 'c', i),
    ARRAY['t' || (i % 500), 't' || (i % 77)], to_tsvector('english', md5((i % 3000)::text) || ' ' || md5((i % 900)::text)),
    tstzrange(timestamptz '2020-01-01' + i * interval '1 minute', timestamptz '2020-01-01' + (i + 60) * interval '1 minute'),
    inet '10.0.0.0' + i, md5(i::text)
    FROM generate_series(1, 40000) i";
/// Indexes, and a query for each with the types of its parameters.
const CASES: &[(&str, &str, &str)] = &[
    ("gin (data jsonb_path_ops)", "jsonb", "SELECT id FROM docs WHERE data @> $1"),
    ("gin (tags)", "text[]", "SELECT id FROM docs WHERE tags && $1"),
    ("gin (words)", "text", "SELECT id FROM docs WHERE words @@ plainto_tsquery('english', $1)"),
    ("gist (addr inet_ops)", "inet", "SELECT id FROM docs WHERE addr <<= $1"),
    ("gin (title gin_trgm_ops)", "text", "SELECT id FROM docs WHERE title % $1"),
    ("gin (title gin_trgm_ops)", "text", "SELECT id FROM docs WHERE title ~* $1"),
    ("gin (data jsonb_path_ops)", "jsonpath", "SELECT id FROM docs WHERE data @@ $1"),
    ("gist (during)", "tstzrange", "SELECT id FROM docs WHERE during && $1"),
];

fn cost(plan: &str) -> f64 {
    let plan: Value = serde_json::from_str(plan).expect("JSON");
    plan[0]["Plan"]["Total Cost"].as_f64().expect("a cost")
}

/// What the queries cost where rows and indexes are.
fn real(session: &mut Session) -> Vec<f64> {
    for (index, ..) in CASES {
        session.run(&format!("CREATE INDEX ON docs USING {index}")).expect("an index");
    }
    session.run("VACUUM ANALYZE docs").expect("it is counted");
    let mut ask = |(_, ty, query): &(&str, &str, &str)| {
        let asked =
            format!("DEALLOCATE ALL; PREPARE asked({ty}) AS {query}; EXPLAIN (FORMAT JSON) EXECUTE asked(NULL)");
        let rows = session.rows(&format!("SET plan_cache_mode = force_generic_plan; {asked}")).expect("a plan");
        cost(rows[0][0].as_deref().expect("a plan"))
    };
    CASES.iter().map(&mut ask).collect()
}

#[test]
fn indexes_of_other_methods_cost_what_real_ones_do() {
    let Some(cluster) = super::cluster() else { return };
    let mut session = cluster.admin(DATABASE).expect("a session");
    for statement in [&format!("SET search_path = public; {SCHEMA}"), ROWS] {
        session.run(statement).expect("it runs");
    }
    let real = real(&mut session);
    let mut ask = |sql: &str| session.rows(sql).map_err(|error| error.to_string());
    let mut snapshot: Snapshot = pull::postgres(&mut ask, Values::Hidden).expect("the statistics");
    snapshot.tables.values_mut().for_each(|table| table.indexes.clear());
    let queries = CASES.iter().map(|(_, ty, query)| query.replace("$1", &format!("$1::{ty}")) + ";\n");
    let queries: String = queries.collect();
    let project = Project::of(SCHEMA, &queries);
    std::fs::write(project.path("app").join(FILE), snapshot.print()).expect("a file");
    let programs = super::binaries().expect("they were there").folder;
    for (number, expect) in (1..).zip(real) {
        let place = format!("q.sql:{number}");
        let mut command = project.command(&["explain", &place, "--output", "json", "--pg-bin"]);
        let output = command.arg(&programs).output().expect("it runs");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
        let after = report["queries"][0]["variants"][0]["explained"]["raw_plan_after"].as_str();
        let after = cost(after.unwrap_or_else(|| panic!("{place}: no index is advised: {report:#}")));
        assert!((after - expect).abs() <= 0.05 * expect, "{place}: {after}, and {expect} with rows");
    }
}

/// A planner reads the figures of an index's expression as being of the expression's type.
#[test]
fn what_an_index_stores_otherwise_is_not_taken_for_its_expression() {
    let schema = "CREATE EXTENSION IF NOT EXISTS pg_trgm;
        CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, data jsonb NOT NULL, at timestamptz NOT NULL);
        CREATE INDEX coalesced ON users USING gin (coalesce(name, '') gin_trgm_ops);
        CREATE INDEX lowered ON users USING hash (lower(name));
        CREATE INDEX tagged ON users USING gin ((data -> 'tags') jsonb_path_ops);
        CREATE INDEX later ON users USING brin ((at + interval '1 day'));
        CREATE INDEX upped ON users (upper(name));";
    let queries = "SELECT * FROM users WHERE lower(name) LIKE '%abc%';
        SELECT * FROM users WHERE lower(name) > 'abc' AND upper(name) LIKE 'ABC%';
        SELECT * FROM users WHERE coalesce(name, '') ILIKE '%abc%';
        SELECT * FROM users WHERE data -> 'tags' @> '[\"a\"]';
        SELECT * FROM users a JOIN users b ON lower(a.name) = lower(b.name) WHERE b.at + interval '1 day' > now();
        SELECT * FROM users WHERE md5(name) LIKE '%abc%';";
    let project = Project::of(schema, queries);
    let Some(binaries) = super::binaries() else { return };
    let mut command = project.command(&["check", "--engine", "postgres", "--output", "json", "--pg-bin"]);
    let output = command.arg(&binaries.folder).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    assert_eq!(report["coverage"]["queries"]["planned"], 6, "{}", told(&output));
}
