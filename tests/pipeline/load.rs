//! How often queries are sent: as the code, the configuration and production's statements tell it.

use planlint::config::{Config, EngineChoice};
use planlint::engine::Deadline;
use planlint::outcome::{LoadMatch, RunReport};
use planlint::run::{Ask, Goal, Here, Plans, RunError, Session};
use planlint::snapshot::Snapshot;

use super::tree::Memory;

const SCHEMA: &str =
    "CREATE TABLE orders (id serial PRIMARY KEY, customer_id bigint NOT NULL, status text, total bigint);
CREATE TABLE customers (id serial PRIMARY KEY, email text NOT NULL);
";

const APP: &str = "import psycopg2
import click

def of_customer(cursor, customer):
    cursor.execute('SELECT * FROM orders WHERE customer_id = %s', (customer,))
    return cursor.fetchall()

def mails(cursor):
    cursor.execute('SELECT id FROM orders WHERE status = %s', ('open',))
    for row in cursor.fetchall():
        cursor.execute('SELECT email FROM customers WHERE id = %s', (row[0],))

@click.command()
def tidy(cursor):
    cursor.execute('DELETE FROM orders WHERE total = 0')
";

fn shop() -> Memory {
    Memory::default()
        .with("schema.sql", SCHEMA)
        .with("app.py", APP)
        .with("tests/test_app.py", "import psycopg2\ndef test(cursor):\n    cursor.execute('SELECT * FROM orders')\n")
        .with("scripts/once.py", "import psycopg2\ndef once(cursor):\n    cursor.execute('SELECT total FROM orders')\n")
}

fn run(config: Config, statements: &[(&str, u64, f64)]) -> Result<RunReport, RunError> {
    let longest: Vec<String> = statements
        .iter()
        .map(|(sql, calls, ms)| {
            format!("{{\"id\": \"1\", \"sql\": {sql:?}, \"calls\": {calls}, \"total_ms\": {ms}, \"mean_ms\": 1.0}}")
        })
        .collect();
    let file = format!(
        "{{\"planlint_stats\": 1, \"product\": \"postgres\", \"version\": \"15\", \"tables\": {{}}, \"statements\": {{\"longest\": [{}]}}}}",
        longest.join(", ")
    );
    let figures = (!statements.is_empty()).then(|| Snapshot::read(&file).expect("a file of statistics"));
    let config = Config { engine: EngineChoice::None, ..config };
    let ask =
        Ask { goal: Goal::Queries, here: Here::Within(""), scope: &[], until: Deadline(None), plans: Plans::Omitted };
    Session::new(config).knowing(figures).analyse(&shop(), &ask)
}

/// The weights by the line of each query.
fn weights(report: &RunReport) -> Vec<(String, f64)> {
    let weight = |query: &planlint::outcome::QueryEntry| {
        let forms: f64 = query.variants.iter().map(|variant| variant.weight).sum();
        (format!("{}:{}", query.location.path, query.location.line), forms)
    };
    report.queries.iter().map(weight).collect()
}

fn check(report: &RunReport, expect: &[(&str, f64)]) {
    let expect: Vec<(String, f64)> = expect.iter().map(|(place, weight)| ((*place).to_owned(), *weight)).collect();
    assert_eq!(weights(report), expect);
}

#[test]
fn the_code_tells_how_often_a_query_is_sent() {
    let report = run(Config::default(), &[]).expect("a run");
    check(
        &report,
        &[
            ("app.py:5", 1.0),
            ("app.py:9", 1.0),
            ("app.py:11", 10.0),
            ("app.py:15", 0.1),
            ("scripts/once.py:3", 0.1),
            ("tests/test_app.py:3", 0.0),
        ],
    );
    assert!(report.load.is_empty());
}

#[test]
fn what_production_counted_is_told_by_the_places_that_send_it() {
    let statements = [
        ("SELECT orders.id, orders.customer_id FROM \"orders\" WHERE orders.customer_id = $1", 700, 10.0),
        ("SELECT email FROM customers WHERE email = $1", 20, 80.0),
        ("SELECT total FROM orders WHERE id = $1", 5, 6.0),
        ("SELECT relname FROM pg_class", 3, 4.0),
    ];
    let report = run(Config::default(), &statements).expect("a run");
    check(
        &report,
        &[
            ("app.py:5", 700.0),
            ("app.py:9", 1.0),
            ("app.py:11", 10.0),
            ("app.py:15", 0.1),
            ("scripts/once.py:3", 0.1),
            ("tests/test_app.py:3", 0.0),
        ],
    );
    let told: Vec<_> = report
        .load
        .iter()
        .map(|entry| {
            let places: Vec<u32> = entry.places.iter().map(|place| place.location.line).collect();
            (entry.share, entry.calls, entry.found, places, entry.database.is_some())
        })
        .collect();
    assert_eq!(
        told,
        [
            (0.8, 20, None, vec![], true),
            (0.1, 700, Some(LoadMatch::Rows), vec![5], true),
            (0.06, 5, None, vec![], true),
            (0.04, 3, None, vec![], false),
        ]
    );
}

#[test]
fn the_configuration_has_the_last_word() {
    let said = |text: &str| toml::from_str::<Config>(text).expect("a configuration");
    let both = said(
        "[[workload]]\nat = \"app.py:9\"\nweight = 40\n[[workload]]\nsql = \"delete from orders o where o.total = 7\"\nweight = 0.5",
    );
    let report = run(both, &[("SELECT id FROM orders WHERE status = $1", 9, 1.0)]).expect("a run");
    let found = weights(&report);
    assert_eq!((found[1].1, found[3].1), (40.0, 0.5), "{found:?}");
    let hash = report.load[0].fingerprint.clone().expect("its tables are known");
    let report = run(said(&format!("[[workload]]\nfingerprint = \"{hash}\"\nweight = 3")), &[]).expect("a run");
    assert_eq!(weights(&report)[1].1, 3.0);
    for (text, expect) in [
        ("at = \"app.py:3\"", "no query stands at `app.py:3`"),
        ("at = \"app.py\"", "is no path with a line behind it"),
        ("sql = \"SELECT 1\"", "no query of the code has the text"),
        ("fingerprint = \"abc\"", "no query of the code has the fingerprint `abc`"),
        ("", "names no query"),
    ] {
        let error = run(said(&format!("[[workload]]\n{text}\nweight = 3")), &[]).expect_err(text);
        assert!(error.to_string().contains(expect), "{text}: {error}");
    }
}
