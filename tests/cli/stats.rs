//! `stats pull` of a SQLite file, and what is planned with it.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{check, planlint, project, text};

const SCHEMA: &str = "
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, status TEXT, code TEXT UNIQUE, note TEXT);
CREATE INDEX orders_customer ON orders (customer, status);
CREATE INDEX orders_open ON orders (status) WHERE status = 'open';
CREATE TABLE rights (who TEXT, what TEXT, PRIMARY KEY (who, what)) WITHOUT ROWID;
CREATE TABLE \"od\"\"d\" (id INTEGER PRIMARY KEY, word TEXT);";

const ROWS: &str = "
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO orders SELECT i, i % 100, CASE WHEN i % 10 = 0 THEN 'open' ELSE 'done' END, 'c' || i, 'secret' FROM n;
INSERT INTO rights SELECT DISTINCT 'u' || (id % 7), 'r' || (id % 70) FROM orders;
INSERT INTO \"od\"\"d\" SELECT id, 'w' FROM orders WHERE id <= 20;";

/// A project with a filled database, which is analyzed but for one table.
fn filled(journal: &str) -> (tempfile::TempDir, Connection) {
    let query = "SELECT note FROM orders WHERE note = ?;\nSELECT id FROM \"od\"\"d\" WHERE word = ?;\n";
    let folder = project(&[("schema.sql", SCHEMA), ("q.sql", query)]);
    let database = Connection::open(folder.path().join("shop.db")).expect("a database");
    let script = format!("PRAGMA journal_mode = {journal};{SCHEMA}{ROWS}ANALYZE orders; ANALYZE rights;");
    database.execute_batch(&script).expect("rows");
    (folder, database)
}

fn pulled(folder: &Path) -> Value {
    let output = planlint(folder, &["stats", "pull", "--database-url", "sqlite:shop.db", "--out", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_sqlite_file_tells_what_was_analyzed_and_how_many_rows_there_are() {
    let (folder, _database) = filled("DELETE");
    let before = std::fs::read(folder.path().join("shop.db")).expect("the file");
    let told = pulled(folder.path());
    assert_eq!((&told["product"], &told["version"]), (&json!("sqlite"), &json!(rusqlite::version())));
    let orders = &told["tables"]["orders"];
    assert_eq!(orders["rows"], json!(3000.0));
    assert_eq!(orders["columns"], json!({"code": {"distinct": 3000.0}, "customer": {"distinct": 100.0}}));
    assert_eq!(orders["indexes"]["orders_customer"]["shared"], json!([30.0, 30.0]));
    assert_eq!(orders["indexes"]["orders_open"]["rows"], json!(300.0));
    assert_eq!(orders["indexes"]["sqlite_autoindex_orders_1"]["shared"], json!([1.0]));
    let rights = &told["tables"]["rights"];
    assert_eq!((&rights["rows"], &rights["indexes"]), (&json!(70.0), &Value::Null));
    assert_eq!(told["tables"]["od\"d"], json!({"rows": 20.0, "pages": 1.0}));
    assert_eq!(told["missing"], json!(["1 table never analyzed: only the rows are known"]));
    assert!(!told.to_string().contains("secret"), "{told}");
    assert_eq!(std::fs::read(folder.path().join("shop.db")).expect("the file"), before);
}

#[test]
fn a_database_in_use_is_read_beside_its_writer() {
    let (folder, database) = filled("WAL");
    database.execute_batch("BEGIN IMMEDIATE; DELETE FROM orders;").expect("a writer");
    assert_eq!(pulled(folder.path())["tables"]["orders"]["rows"], json!(3000.0));
    // Without a journal beside the file nobody reads while somebody holds it alone.
    let (folder, database) = filled("DELETE");
    database.execute_batch("BEGIN EXCLUSIVE").expect("a writer");
    let output = planlint(folder.path(), &["stats", "pull", "--database-url", "sqlite:shop.db"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("database is locked"), "{}", text(&output.stderr));
    assert!(!folder.path().join("planlint-stats.json").exists());
}

#[test]
fn what_is_no_database_is_said_with_what_to_type() {
    let files = [("a.txt", "no database at all, only words\n".repeat(99))];
    let files = files.each_ref().map(|(path, words)| (*path, words.as_str()));
    let pull = |url: &'static str| ["stats", "pull", "--database-url", url];
    check(&files, &pull("sqlite:a.txt"), 2, "file is not a database");
    check(&files, &pull("sqlite:none.db"), 2, "`none.db` cannot be read as a SQLite database");
    check(&files, &pull("sqlite:"), 2, "sqlite:PATH");
    check(&files, &pull("sqlite:."), 2, "sqlite:PATH");
    check(&files, &[&pull("sqlite:a.txt")[..], &["--with-values"]].concat(), 2, "leave `--with-values` out");
}

#[test]
fn queries_are_planned_with_the_figures_of_the_file() {
    let (folder, _database) = filled("DELETE");
    let missing = || {
        let output = planlint(folder.path(), &["check", "--output", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        let findings = report["findings"].as_array().expect("findings");
        findings.iter().filter(|finding| finding["rule"] == "missing-index").count()
    };
    assert_eq!(missing(), 2);
    let output = planlint(folder.path(), &["stats", "pull", "--database-url", "sqlite:shop.db"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Twenty rows need no index, and eleven pages are soon read.
    assert_eq!(missing(), 0);
}

#[test]
fn what_the_file_does_not_know_is_said() {
    let (folder, _database) = filled("DELETE");
    let pull = planlint(folder.path(), &["stats", "pull", "--database-url", "sqlite:shop.db"]);
    assert_eq!(pull.status.code(), Some(0), "{}", text(&pull.stderr));
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a file");
    let check = || planlint(folder.path(), &["check"]);
    assert!(!text(&check().stdout).contains("the file of statistics"));
    write("schema.sql", &format!("{SCHEMA}CREATE TABLE lines (id INTEGER PRIMARY KEY);"));
    let said = text(&check().stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("; the file of statistics does not know `lines`"), "{said}");
    let file = folder.path().join("planlint-stats.json");
    let sound = std::fs::read_to_string(&file).expect("a file");
    write("planlint-stats.json", &sound.replace("\"sqlite\"", "\"postgres\""));
    let said = text(&check().stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("; the file of statistics is of a postgres database"), "{said}");
    write("planlint-stats.json", &sound.replacen("\"rows\": ", "\"rows\": -", 1));
    let output = check();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot be -"), "{}", text(&output.stderr));
}

#[test]
fn no_password_behind_the_wrong_option_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = "postgres://u:hunter2@h/db";
    let setting = format!("scratch-url='{url}'");
    for args in [
        &["stats", "pull", url][..],
        &["check", "--engine", url],
        &["check", "--config", &setting],
        &["config", "--config", &setting],
    ] {
        let output = planlint(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains("hunter2") && said.contains("postgres://u:"), "{said}");
    }
}

#[test]
fn explain_says_where_each_figure_comes_from() {
    let (folder, _database) = filled("DELETE");
    let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).expect("a file");
    let pull = planlint(folder.path(), &["stats", "pull", "--database-url", "sqlite:shop.db"]);
    assert_eq!(pull.status.code(), Some(0), "{}", text(&pull.stderr));
    write(
        "schema.sql",
        &format!("{SCHEMA}CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id));"),
    );
    write("planlint.toml", "[tables.orders.columns.note]\ndistinct = 7\n");
    let explain = |sql: &str| {
        let output = planlint(folder.path(), &["explain", "-q", sql]);
        text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let check = |sql: &str, expect: &[&str]| {
        let said = explain(sql);
        expect.iter().for_each(|words| assert!(said.contains(words), "{words}: {said}"));
    };
    let figures = "distinct values: `customer` 100, pulled; `note` 7, configured; `status` 8, assumed";
    let orders = "SELECT id FROM orders WHERE customer = ? AND note = ? AND status = ?";
    check(orders, &["3,000 rows on 11 pages: pulled from production", figures]);
    // What hangs on a table that is known is assumed from it.
    let fan_out = ": assumed, 10 for each row of its largest parent, `orders`";
    check(
        "SELECT id FROM lines WHERE order_id = ?",
        &["30,000 rows", fan_out, "distinct values: `order_id` 3,000, assumed"],
    );
    write("planlint.toml", "[tables.orders]\nrows = 5000\n");
    check(orders, &["5,000 rows", "given by the configuration", "`customer`"]);
}

#[test]
fn a_log_tells_what_is_sent_and_the_code_who_sends_it() {
    let schema = "CREATE TABLE orders (id serial PRIMARY KEY, code text, at timestamptz);";
    let log = "2026-01-30 [7] LOG:  duration: 90 ms  statement: select o.id from orders o where o.code = 'secret'\n\
               2026-01-30 [7] LOG:  duration: 10 ms  statement: SELECT id FROM orders WHERE at > now()\n";
    let files = [
        ("schema.sql", schema),
        ("q.sql", "-- name: by_code\nSELECT id FROM orders WHERE code = $1;\n"),
        ("shop.log", log),
        (
            "planlint-stats.json",
            "{\"planlint_stats\": 1, \"product\": \"postgres\", \"version\": \"15.2\", \"tables\": {\"orders\": {\"rows\": 7.0}}}",
        ),
    ];
    let folder = project(&files);
    let asked = planlint(folder.path(), &["queries", "--by-load", "--isolated"]);
    assert_eq!(asked.status.code(), Some(2));
    let complaint = text(&asked.stderr);
    assert!(
        complaint.contains("no statements of production are known") && complaint.contains("planlint stats log FILE"),
        "{complaint}"
    );
    let told = planlint(folder.path(), &["stats", "log", "shop.log"]);
    assert_eq!(told.status.code(), Some(0), "{}", text(&told.stderr));
    assert!(text(&told.stderr).contains("2 messages: 2 statements"), "{}", text(&told.stderr));
    let file = std::fs::read_to_string(folder.path().join("planlint-stats.json")).expect("the file");
    assert!(file.contains("\"rows\": 7.0") && file.contains("o.code = $1") && !file.contains("secret"), "{file}");
    let listed = planlint(folder.path(), &["queries", "--by-load", "--isolated"]);
    let listed = text(&listed.stdout);
    for line in [
        "2 statements: 1 found in the code, with 90.0 % of their time",
        "  q.sql:2 by_code",
        "no source was found for:",
    ] {
        assert!(listed.contains(line), "{line}: {listed}");
    }
    let none = planlint(folder.path(), &["stats", "log", "q.sql", "--out", "-"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("no statement was found in 0 messages"), "{}", text(&none.stderr));
}

#[test]
fn replicas_are_typed_or_configured() {
    let schema = "CREATE TABLE orders (id integer PRIMARY KEY, customer integer NOT NULL, note text NOT NULL);
                  CREATE INDEX orders_note ON orders (note);";
    let server = |scans: u64| {
        let index = json!({"rows": 1e6, "pages": 1e3, "scans": scans});
        let table = json!({"rows": 1e6, "pages": 1e4, "indexes": {"orders_note": index}});
        let days = ("2026-01-01", "2026-03-01");
        json!({"planlint_stats": 1, "product": "postgres", "version": "15.1", "counted_since": days.0,
               "counted_until": days.1, "tables": {"orders": table}})
        .to_string()
    };
    let folder = project(&[
        ("schema.sql", schema),
        ("q.sql", "SELECT note FROM orders WHERE id = $1;"),
        ("planlint-stats.json", &server(0)),
        ("idle.json", &server(0)),
        ("busy.json", &server(5)),
    ]);
    let unused = |more: &[&str]| {
        let args = [&["check", "--dialect", "postgres", "--engine", "sqlite", "--output", "json"], more].concat();
        let output = planlint(folder.path(), &args);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let findings = told["findings"].as_array().into_iter().flatten();
        findings.filter(|finding| finding["rule"] == "unused-index").count()
    };
    assert_eq!(unused(&[]), 1);
    assert_eq!(unused(&["q.sql"]), 0, "what other files ask is not known");
    assert_eq!(unused(&["--replica-stats", "idle.json"]), 1);
    assert_eq!(unused(&["--replica-stats", "idle.json", "--replica-stats", "busy.json"]), 0);
    std::fs::write(folder.path().join("planlint.toml"), "replica-stats = [\"busy.json\"]\n").expect("a file");
    assert_eq!(unused(&[]), 0);
    assert_eq!(unused(&["--replica-stats", "idle.json"]), 1, "what is typed wins");
    let output = planlint(folder.path(), &["check", "--replica-stats", "none.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`none.json` cannot be read"), "{}", text(&output.stderr));
}
