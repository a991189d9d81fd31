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

/// The keys of every index that is advised for one query.
fn advised(query: &str) -> Option<Vec<Vec<String>>> {
    let programs = super::binaries()?.folder;
    let project = Project::of(SCHEMA, query);
    let mut command = project.command(&["advise", "--output", "json", "--engine", "postgres", "--pg-bin"]);
    let output = command.arg(programs).output().expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    let keys = |one: &Value| {
        let columns = one["columns"].as_array().expect("columns").iter();
        columns.map(|column| column["name"].as_str().expect("a name").to_owned()).collect()
    };
    Some(report["advice"].as_array().expect("advice").iter().map(keys).collect())
}

#[test]
fn a_key_that_brings_nothing_is_left_out_of_a_join() {
    let query = "SELECT i.*, s.name FROM invites i JOIN shops s ON i.shop_id = s.id
        WHERE i.email = $1 AND i.status = 'pending' AND i.expires > now();";
    if let Some(found) = advised(query) {
        assert_eq!(found, [["email"]]);
    }
}
