//! `planlint explain --repro`: what it prints is run by `psql` on another server, which then plans the same.

use std::path::{Path, PathBuf};
use std::process::Command;

use planlint::scratch::postgres::cluster::{Cluster, DATABASE};
use serde_json::Value;

use super::run::{Project, told};

const SCHEMA: &str = "
CREATE SCHEMA sales;
CREATE TYPE sales.state AS ENUM ('open', 'it''s \\gone');
CREATE DOMAIN code AS varchar(20);
CREATE TABLE customers (id bigserial PRIMARY KEY, email text NOT NULL UNIQUE, \"Name\" text NOT NULL, note jsonb);
CREATE INDEX customers_name ON customers (lower(\"Name\"));
CREATE TABLE sales.orders (
    id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, state sales.state NOT NULL,
    code code NOT NULL, total numeric(12, 2) NOT NULL, at timestamptz NOT NULL, tags text[] NOT NULL
);
CREATE INDEX orders_at ON sales.orders (at) WHERE total > 0;
CREATE TABLE events (id bigint NOT NULL, customer_id bigint NOT NULL, at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX events_at ON events (at);
CREATE TABLE notes (id bigserial PRIMARY KEY, body text NOT NULL) WITH (fillfactor = 70);
CREATE TABLE old_notes (gone_at timestamptz NOT NULL) INHERITS (notes);
";

const QUERIES: &[&str] = &[
    "SELECT current_database();",
    "SELECT total FROM sales.orders WHERE code = $1;",
    "SELECT o.total, c.email FROM sales.orders o JOIN customers c ON c.id = o.customer_id WHERE lower(c.\"Name\") = $1;",
    "SELECT id FROM sales.orders WHERE at > $1 AND total > 0 AND state = 'it''s \\gone' ORDER BY at LIMIT 20;",
    "SELECT kind FROM events WHERE customer_id = $1;",
    "SELECT id FROM sales.orders WHERE tags @> $1;",
    "SELECT id FROM customers WHERE email LIKE 'info@%';",
    "SELECT body FROM notes WHERE id = $1;",
];

/// A server of ours lets no program write a file of a gigabyte.
const FIGURES: &str = "[tables.\"sales.orders\"]\nrows = 1_000_000\n[tables.customers]\nrows = 200_000\n";

/// The shell of these programs, or one that is found by its name.
fn psql(folder: &Path) -> Option<PathBuf> {
    let by_name = |name: &Path| Command::new(name).arg("--version").output().is_ok().then(|| name.to_owned());
    by_name(&folder.join("psql")).or_else(|| by_name(Path::new("psql")))
}

/// What is left of a printed plan: the rows and the cost of each step, the topmost first.
fn printed(line: &str) -> Option<(f64, f64)> {
    let (_, figures) = line.split_once("(cost=")?;
    let number = |key: &str| figures.split_once(key)?.1.split([' ', ')']).next()?.parse().ok();
    Some((number("rows=")?, number("..")?))
}

/// The same of a plan in JSON.
fn steps(plan: &Value, found: &mut Vec<(f64, f64)>) {
    found.push((plan["Plan Rows"].as_f64().expect("rows"), plan["Total Cost"].as_f64().expect("a cost")));
    plan["Plans"].as_array().into_iter().flatten().for_each(|below| steps(below, found));
}

fn raw(explained: &Value, when: &str) -> Option<Vec<(f64, f64)>> {
    let plan: Value = serde_json::from_str(explained[when].as_str()?).expect("JSON");
    let mut found = Vec::new();
    steps(&plan[0]["Plan"], &mut found);
    Some(found)
}

#[test]
fn a_script_shows_both_plans_on_another_server() {
    let Some(choice) = super::choice() else { return };
    let Some(psql) = psql(&choice.binaries.folder) else {
        assert!(std::env::var_os("PLANLINT_REQUIRE_POSTGRES").is_none_or(|value| value != "1"), "no psql is found");
        eprintln!("skipped: no psql is found");
        return;
    };
    let project = Project::of(SCHEMA, &(QUERIES.join("\n") + "\n"));
    std::fs::write(project.path("app/planlint.toml"), FIGURES).expect("a file");
    let cluster = Cluster::start(&choice).unwrap_or_else(|error| panic!("{error:?}"));
    let programs = choice.binaries.folder.to_str().expect("a path");
    for number in 1..=QUERIES.len() {
        let place = format!("q.sql:{number}");
        let explain = |more: &[&str]| {
            let args = [&["explain", "--pg-bin", programs, place.as_str()], more].concat();
            project.command(&args).output().expect("it runs")
        };
        let script = String::from_utf8(explain(&["--repro"]).stdout).expect("text");
        let report: Value = serde_json::from_slice(&explain(&["--output", "json"]).stdout).expect("a report");
        let shown = played(&cluster, &psql, number, &script);
        let explained = &report["queries"][0]["variants"][0]["explained"];
        let mut expected: Vec<Vec<(f64, f64)>> = vec![raw(explained, "raw_plan_before").expect("a plan")];
        expected.extend(raw(explained, "raw_plan_after"));
        assert!(!shown.contains("ERROR"), "{place}: {shown}\n{script}");
        let plans: Vec<Vec<(f64, f64)>> =
            shown.split("QUERY PLAN").skip(1).map(|plan| plan.lines().filter_map(printed).collect()).collect();
        assert_eq!(plans.len(), expected.len(), "{place}: {shown}\n{script}");
        for (plan, expect) in plans.iter().zip(&expected) {
            let near = |(a, b): (&(f64, f64), &(f64, f64))| a.0 == b.0 && (a.1 - b.1).abs() <= 0.02 * b.1 + 1.0;
            let alike = plan.len() == expect.len() && plan.iter().zip(expect).all(near);
            assert!(alike, "{place}: {expect:?}\n{shown}\n{script}");
        }
    }
}

/// Runs a script in a database of its own and returns what is shown.
fn played(cluster: &Cluster, psql: &Path, number: usize, script: &str) -> String {
    let database = format!("repro_{number}");
    let mut admin = cluster.admin(DATABASE).expect("a session");
    cluster.clone_database(&mut admin, &database, DATABASE).expect("a database");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("a file");
    let folder = cluster.data_dir().parent().expect("a folder");
    let mut shell = Command::new(psql);
    shell.args(["-X", "-p", "5432", "-U", "planlint", "-d", &database, "-h"]).arg(folder).arg("-f").arg(file.path());
    told(&shell.output().expect("it runs"))
}
