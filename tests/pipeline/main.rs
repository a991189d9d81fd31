//! The whole pipe on small trees: the example application, fingerprints, idempotence, what a run says of odd input.

mod explain;
mod fingerprints;
mod load;
mod sources;
mod tree;
mod uniqueness;

use std::collections::BTreeSet;
use std::path::Path;

use planlint::config::Config;
use planlint::engine::Deadline;
use planlint::outcome::RunReport;
use planlint::run::{Ask, Goal, Here, Plans, Session};

use tree::{Memory, folder};

fn run(tree: &Memory, goal: Goal) -> RunReport {
    let ask = Ask { goal, here: Here::Within(""), scope: &[], until: Deadline(None), plans: Plans::Omitted };
    Session::new(Config::default()).analyse(tree, &ask).expect("the run succeeds")
}

fn example() -> Memory {
    folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hosts/bookings"))
}

fn rules(report: &RunReport) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

/// The example with all advice added as one more migration.
fn advised(tree: &Memory) -> Memory {
    let advice = run(tree, Goal::Advise).advice;
    assert!(!advice.is_empty(), "the example has advice");
    let ddl: Vec<String> = advice.into_iter().map(|advice| advice.ddl).collect();
    tree.with("migrations/0099_indexes.sql", &ddl.join("\n"))
}

#[test]
fn the_examples_advice_silences_every_finding_that_ddl_can_mend() {
    let before = run(&example(), Goal::Check);
    let after = run(&advised(&example()), Goal::Check);
    let mended: Vec<_> = before.findings.iter().filter(|finding| finding.advice.is_empty()).collect();
    let left: Vec<_> = after.findings.iter().collect();
    // What is left is what was there and needs another query, not another index.
    let fingerprints = |findings: &[&planlint::outcome::FindingEntry]| -> BTreeSet<String> {
        findings.iter().map(|finding| finding.fingerprint.clone()).collect()
    };
    assert_eq!(fingerprints(&left), fingerprints(&mended));
    assert!(rules(&before).contains(&"missing-index"));
    assert!(!rules(&after).is_empty(), "the example also shows what no index mends");
}

#[test]
fn with_all_advice_applied_a_second_run_advises_nothing() {
    let again = run(&advised(&example()), Goal::Advise);
    assert!(again.advice.is_empty(), "{:?}", again.advice.iter().map(|advice| &advice.ddl).collect::<Vec<_>>());
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let json = |report: RunReport| serde_json::to_string(&report).expect("a report is JSON");
    assert_eq!(json(run(&example(), Goal::Check)), json(run(&example(), Goal::Check)));
}

const SCHEMA: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL, name TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), code TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL, note TEXT, total INTEGER);
CREATE INDEX orders_note ON orders (note);
CREATE INDEX orders_note_again ON orders (note);
";

/// A hundred queries; `literal` and `alias` are what must not matter.
fn queries(literal: usize, alias: &str) -> String {
    let forms = [
        format!("SELECT {alias}.id FROM orders {alias} WHERE {alias}.user_id = {literal}"),
        format!("SELECT {alias}.total FROM orders {alias} WHERE {alias}.code = 'c{literal}' LIMIT {}", literal + 10),
        format!("SELECT {alias}.id FROM users {alias} WHERE {alias}.email = 'a{literal}@example.org'"),
        format!(
            "SELECT * FROM orders {alias} WHERE {alias}.user_id = {literal} ORDER BY {alias}.created_at DESC LIMIT 5"
        ),
        format!("SELECT {alias}.id FROM orders {alias} ORDER BY {alias}.created_at LIMIT {}", literal + 3),
        format!("SELECT {alias}.id FROM users {alias} WHERE lower({alias}.email) = 'x{literal}'"),
        format!("SELECT {alias}.id FROM orders {alias} WHERE trim({alias}.note) = 'n{literal}'"),
        format!("SELECT {alias}.missing FROM users {alias} WHERE {alias}.id = {literal}"),
        format!("SELECT {alias}.id FROM nowhere {alias} WHERE {alias}.id = {literal}"),
        format!("UPDATE orders SET total = {literal} WHERE code = 'k{literal}'"),
    ];
    forms.iter().flat_map(|form| (0..10).map(move |_| format!("{form};\n"))).collect()
}

fn fingerprints(schema: &str, queries: &str) -> Vec<String> {
    let tree = Memory::default().with("schema.sql", schema).with("queries.sql", queries);
    let report = run(&tree, Goal::Check);
    report.findings.iter().map(|finding| finding.fingerprint.clone()).collect()
}

#[test]
fn no_edit_beside_the_point_moves_a_fingerprint() {
    let before = fingerprints(SCHEMA, &queries(1, "t"));
    assert!(before.len() >= 60, "{} findings", before.len());
    let kinds: BTreeSet<&String> = before.iter().collect();
    assert!(kinds.len() >= 8, "{} different ones", kinds.len());
    let check = |what: &str, after: Vec<String>| assert_eq!(before, after, "{what} moved a fingerprint");
    check("a literal", fingerprints(SCHEMA, &queries(77, "t")));
    check("an alias", fingerprints(SCHEMA, &queries(1, "renamed")));
    check("a line", fingerprints(SCHEMA, &format!("-- more\n\n\n{}", queries(1, "t"))));
    check(
        "an unrelated query",
        fingerprints(SCHEMA, &format!("SELECT 1;\n{}SELECT name FROM users WHERE id = 3;\n", queries(1, "t"))),
    );
    check("a column", fingerprints(&SCHEMA.replace("name TEXT)", "name TEXT, added TEXT)"), &queries(1, "t")));
}

#[test]
fn a_moved_file_keeps_its_fingerprints() {
    let at = |path: &str| {
        let tree = Memory::default().with("schema.sql", SCHEMA).with(path, &queries(1, "t"));
        let mut found: Vec<_> =
            run(&tree, Goal::Check).findings.into_iter().map(|finding| finding.fingerprint).collect();
        found.sort();
        found
    };
    assert_eq!(at("queries.sql"), at("app/other/queries.sql"));
}

#[test]
fn a_finding_points_at_the_hosts_bytes_behind_placeholders() {
    let query = "-- größe\nSELECT id FROM orders WHERE total > %(least)s AND code = %(code)s;\n";
    let tree = Memory::default().with("schema.sql", SCHEMA).with("q.sql", query);
    let report = run(&tree, Goal::Check);
    let finding = report.findings.iter().find(|finding| finding.rule == "missing-index").expect("a finding");
    assert_eq!((finding.location.line, finding.location.column), (2, 51));
    assert_eq!(&query[finding.location.bytes.clone()], "code");
}

#[test]
fn equal_queries_are_planned_once_and_reported_at_each_place() {
    let tree = Memory::default()
        .with("schema.sql", SCHEMA)
        .with("a.sql", "SELECT o.id FROM orders o WHERE o.code = $1;")
        .with("b.sql", "\n\nSELECT   other.id FROM orders AS other WHERE other.code = :code;");
    let report = run(&tree, Goal::Check);
    let places: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.rule == "missing-index")
        .map(|finding| (&*finding.location.path, finding.location.line, finding.location.column))
        .collect();
    assert_eq!(places, [("a.sql", 1, 33), ("b.sql", 3, 46)]);
    assert_eq!(report.advice.len(), 2, "one index, and the duplicate to drop");
}

#[test]
fn advice_is_numbered_over_all_databases() {
    let one = "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL);";
    let tree = Memory::default()
        .with("services/one/schema.sql", one)
        .with("services/one/q.sql", "SELECT id FROM a WHERE email = ?;")
        .with("services/two/schema.sql", one)
        .with("services/two/q.sql", "SELECT id FROM a WHERE email = ?;");
    let report = run(&tree, Goal::Check);
    assert_eq!(report.run.databases.len(), 2);
    let ids: BTreeSet<_> = report.advice.iter().map(|advice| &advice.id).collect();
    assert_eq!(ids.len(), report.advice.len());
    assert_eq!(report.advice.len(), 2);
}

#[test]
fn a_partial_index_whose_condition_the_query_implies_serves_it() {
    let orders = "CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, user_id BIGINT NOT NULL, status TEXT NOT NULL);";
    let check = |condition: &str, status: &str| {
        let tree = Memory::default()
            .with("schema.sql", &format!("{orders}\nCREATE INDEX i ON orders (user_id) WHERE {condition};"))
            .with("q.sql", &format!("SELECT id FROM orders WHERE user_id = $1 AND status = '{status}';"));
        let report = run(&tree, Goal::Check);
        assert!(report.advice.is_empty(), "{condition}: {:?}", report.advice);
    };
    check("status = 'a'", "a");
    check("status IN ('a', 'b')", "a");
    check("status = 'a' OR status = 'b'", "b");
    check("status <> 'done'", "new");
}

#[test]
fn a_migration_is_not_judged_by_the_schema_it_leads_to() {
    let tree = Memory::default()
        .with("migrations/1_a.sql", "CREATE TABLE old (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT);")
        .with(
            "migrations/2_b.sql",
            "UPDATE old SET email = lower(email) WHERE email <> '';\nALTER TABLE old RENAME TO people;",
        )
        .with("q.sql", "SELECT id FROM people WHERE id = ?;");
    let report = run(&tree, Goal::Check);
    assert!(report.findings.is_empty() && report.skips.is_empty(), "{:?} {:?}", rules(&report), report.skips);
    assert_eq!((report.coverage.queries.found, report.coverage.queries.planned), (2, 1));
}

#[test]
fn sqlc_says_which_queries_run_on_which_schema() {
    // By the layout alone the migrations would be the schema: they are another form of it.
    let tree = Memory::default()
        .with("store/sqlc.yaml", "version: '2'\nsql: [{engine: postgresql, schema: ../ddl/now.sql, queries: [q.sql]}]")
        .with("store/q.sql", "-- name: Get :one\nSELECT email FROM users WHERE id = $1;")
        .with("ddl/now.sql", "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);")
        .with("migrations/1_old.sql", "CREATE TABLE people (id bigint PRIMARY KEY);");
    let report = run(&tree, Goal::Check);
    let names: Vec<&str> = report.run.databases.iter().map(|database| database.name.as_str()).collect();
    assert_eq!(names, ["store"]);
    assert_eq!(report.run.databases[0].schema_source, "sqlc");
    assert_eq!(&*report.queries[0].database, "store");
    assert!(report.findings.is_empty(), "{:?}", rules(&report));
}

#[test]
fn a_query_answers_for_its_own_unknown_names_alone() {
    let queries = "INSERT INTO users (id, emial) VALUES ($1, $2);\nINSERT INTO users (id, email) VALUES ($1, $2);\n\
        INSERT INTO users (id, nmae) VALUES ($1, $2);\nSELECT 1 FROM usres;\nSELECT 1 FROM userss;\n\
        SELECT id FROM users;\nSELECT id FROM orders;\nSELECT id FROM tags;";
    let schema = format!("{SCHEMA} CREATE TABLE tags (id INTEGER PRIMARY KEY);");
    let tree = Memory::default().with("schema.sql", &schema).with("q.sql", queries);
    let report = run(&tree, Goal::Check);
    let unknown = report.findings.iter().filter(|finding| finding.rule.starts_with("unknown-"));
    let mut said: Vec<(u32, &str)> = unknown
        .map(|finding| {
            // ``users` has no column `emial`` and `the schema has no table `usres``.
            let names: Vec<&str> = finding.message.split('`').skip(1).step_by(2).collect();
            (finding.location.line, *names.last().expect("a name"))
        })
        .collect();
    said.sort_unstable();
    assert_eq!(said, [(1, "emial"), (3, "nmae"), (4, "usres"), (5, "userss")]);
}
