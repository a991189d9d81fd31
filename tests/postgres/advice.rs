//! What only the planner's own prices decide of the advised set.

use serde_json::Value;

use super::run::{Project, told};

const SCHEMA: &str = "
CREATE TABLE shops (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE invites (
    id bigint PRIMARY KEY,
    shop_id bigint NOT NULL REFERENCES shops (id),
    email text NOT NULL,
    status text NOT NULL,
    expires timestamptz NOT NULL
);
";

/// What `advise` reports on a schema and some queries.
fn report(schema: &str, queries: &str) -> Option<Value> {
    let programs = super::binaries()?.folder;
    let project = Project::of(schema, queries);
    let mut command = project.command(&["advise", "--output", "json", "--engine", "postgres", "--pg-bin"]);
    let output = command.arg(programs).output().expect("it runs");
    Some(serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output))))
}

/// The keys of every index that is advised for one query.
fn advised(query: &str) -> Option<Vec<Vec<String>>> {
    let report = report(SCHEMA, query)?;
    let keys = |one: &Value| {
        let columns = one["columns"].as_array().expect("columns").iter();
        columns.map(|column| column["name"].as_str().expect("a name").to_owned()).collect()
    };
    Some(report["advice"].as_array().expect("advice").iter().map(keys).collect())
}

#[test]
fn a_curve_tells_what_the_schema_costs_with_the_first_changes() {
    let schema = format!("{SCHEMA}CREATE INDEX of_status ON invites (status);\n");
    let queries = "
        SELECT * FROM invites WHERE email = $1;
        SELECT * FROM invites WHERE status = $1 ORDER BY expires LIMIT 20;
        SELECT i.email FROM shops s JOIN invites i ON i.shop_id = s.id WHERE s.name = $1;
        UPDATE invites SET status = 'gone' WHERE expires < $1 AND email = $2;";
    let Some(whole) = report(&schema, queries) else { return };
    let advice = whole["advice"].as_array().expect("advice");
    let points = whole["curves"][0]["points"].as_array().expect("points");
    assert!(points.len() >= 3 && advice.iter().any(|one| one["action"] == "replace"), "{whole:#}");
    let mut made = schema;
    for (number, point) in points.iter().enumerate().take(points.len() - 1) {
        assert_eq!(point["advice"], advice[number]["id"]);
        made.push_str(advice[number]["ddl"].as_str().expect("statements"));
        made.push('\n');
        let rest = report(&made, queries).expect("there was a server");
        let (foretold, cost) = (point["cost"].as_f64(), rest["curves"][0]["cost"].as_f64());
        let (foretold, cost) = foretold.zip(cost).expect("costs of the target's own engine");
        assert!((foretold - cost).abs() < 0.01 * cost, "{}: {foretold} {cost}\n{made}", number + 1);
    }
    let sizes = points.iter().map(|point| point["size_bytes"].as_u64().expect("PostgreSQL's sizes are known"));
    assert_eq!(points.last().and_then(|last| last["total_bytes"].as_u64()), Some(sizes.sum()));
}

#[test]
fn a_key_that_brings_nothing_is_left_out_of_a_join() {
    let query = "SELECT i.*, s.name FROM invites i JOIN shops s ON i.shop_id = s.id
        WHERE i.email = $1 AND i.status = 'pending' AND i.expires > now();";
    if let Some(found) = advised(query) {
        assert_eq!(found, [["email"]]);
    }
}
