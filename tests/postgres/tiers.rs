//! What a report says its evidence is worth, by what is known of production.

use std::fs;

use planlint::name::QName;
use planlint::pull::{self, Values};
use planlint::scratch::postgres::cluster::DATABASE;
use planlint::snapshot::{FILE, Snapshot};
use serde_json::Value;

use super::run::{Project, told};

const SCHEMA: &str = "
CREATE TYPE state AS ENUM ('open', 'paid');
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, gone_at timestamptz);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), state state NOT NULL, doc jsonb);
CREATE STATISTICS orders_together ON user_id, state FROM orders;
";
const ROWS: &str = "
INSERT INTO users SELECT i, 'user' || i || '@example.org' FROM generate_series(1, 20000) i;
INSERT INTO orders SELECT i, 1 + i % 20000, CASE WHEN i % 9 = 0 THEN 'open' ELSE 'paid' END::state, '{}'
FROM generate_series(1, 60000) i;
";
const QUERY: &str = "SELECT id FROM orders WHERE user_id = $1;\n";

/// What a database with rows tells of itself, and the bytes of an index on it.
fn pulled(values: Values) -> Option<(Snapshot, u64)> {
    let cluster = super::cluster()?;
    let mut session = cluster.admin(DATABASE).expect("a session");
    for statement in [&format!("SET search_path = public; {SCHEMA}"), ROWS, "ANALYZE"] {
        session.run(statement).expect("it runs");
    }
    let mut ask = |sql: &str| session.rows(sql).map_err(|error| error.to_string());
    let snapshot = pull::postgres(&mut ask, values).expect("the statistics");
    session.run("CREATE INDEX built ON orders (user_id)").expect("it runs");
    let rows = session.rows("SELECT pg_relation_size('built')").expect("its size");
    Some((snapshot, rows[0][0].as_deref().and_then(|bytes| bytes.parse().ok()).expect("a number")))
}

/// The report of a check.
fn report(snapshot: Option<&Snapshot>, engine: &str) -> Value {
    let project = Project::of(SCHEMA, QUERY);
    if let Some(snapshot) = snapshot {
        fs::write(project.path("app").join(FILE), snapshot.print()).expect("a file");
    }
    let programs = super::binaries().expect("they were there").folder;
    let mut command = project.command(&["check", "--output", "json", "--engine", engine, "--pg-bin"]);
    let output = command.arg(programs).output().expect("it runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)))
}

/// The tiers of the run and of its first proof, and the cost before.
fn tiers(snapshot: Option<&Snapshot>, engine: &str) -> (Value, Value, Option<f64>) {
    let report = report(snapshot, engine);
    let finding = report["findings"].as_array().expect("findings").iter().find(|one| one["rule"] == "missing-index");
    let proof = &finding.unwrap_or_else(|| panic!("{report:#}"))["proof"];
    (report["run"]["databases"][0]["tier"].clone(), proof["tier"].clone(), proof["cost_before"].as_f64())
}

#[test]
fn the_tier_follows_from_what_is_known_of_production() {
    let Some((complete, built)) = pulled(Values::Shown) else { return };
    let (hidden, _) = pulled(Values::Hidden).expect("it was there");
    let check = |snapshot: Option<&Snapshot>, engine: &str, expect: &str| {
        let (run, proof, cost) = tiers(snapshot, engine);
        assert_eq!((run, proof), (expect.into(), expect.into()));
        assert_eq!(cost.is_some(), engine == "postgres", "only costs of the target's own engine are shown");
        cost
    };
    let cost = check(Some(&complete), "postgres", "statistics").expect("a cost");
    check(Some(&hidden), "postgres", "counts");
    check(None, "postgres", "assumed");
    check(Some(&complete), "sqlite", "structure");
    let changed = |change: &dyn Fn(&mut Snapshot)| {
        let mut changed = complete.clone();
        change(&mut changed);
        changed
    };
    check(Some(&changed(&|of| of.version = "11.2".to_owned())), "postgres", "counts");
    let columns = |of: &mut Snapshot| of.tables.values_mut().for_each(|table| drop(table.columns.remove("state")));
    check(Some(&changed(&|of| columns(of))), "postgres", "counts");
    let together = |of: &mut Snapshot| {
        let orders = of.tables.get_mut(&QName::plain("orders")).expect("it was pulled");
        orders.extended.get_mut("orders_together").expect("it was pulled").expressions = true;
    };
    check(Some(&changed(&|of| together(of))), "postgres", "counts");
    let advised = |engine: &str| report(Some(&complete), engine)["advice"][0]["size_bytes"].as_u64();
    let size = advised("postgres").expect("a size");
    assert!(size.abs_diff(built) < built / 20, "{size} {built}");
    assert_eq!(advised("sqlite"), None, "a stand-in cannot tell");
    // Production's settings are the planner's.
    let dear = |of: &mut Snapshot| drop(of.settings.insert("seq_page_cost".to_owned(), "50".to_owned()));
    let dearer = check(Some(&changed(&dear)), "postgres", "statistics").expect("a cost");
    assert!(dearer > 5.0 * cost, "{dearer} {cost}");
}
