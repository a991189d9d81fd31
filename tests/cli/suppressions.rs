//! Suppressions as users write them: what they silence, what they leave, and what is said of them.

use serde_json::Value;

use super::{BAD, SCHEMA, check, planlint, project, text};

fn report(files: &[(&str, &str)], args: &[&str]) -> Value {
    let folder = project(files);
    let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
    let output = planlint(folder.path(), &args);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("JSON: {}", text(&output.stderr)))
}

/// The findings of a check: `rule path:line`, with `~` before those that are suppressed.
fn findings(report: &Value) -> Vec<String> {
    let told = |finding: &Value| {
        let mark = if finding["suppressed"].is_null() { "" } else { "~" };
        let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{mark}{} {}:{}", word("rule"), word("path"), finding["line"])
    };
    report["findings"].as_array().expect("findings").iter().map(told).collect()
}

const SILENCED: (&str, &str) =
    ("q.sql", "-- planlint: ignore[missing-index] -- a few hundred users\nSELECT id FROM users WHERE email = ?;");

#[test]
fn a_suppressed_finding_does_not_fail_and_is_still_told() {
    check(&[SCHEMA, SILENCED], &["check"], 0, "no findings, 1 suppressed");
    check(&[SCHEMA, SILENCED], &["check", "-v"], 0, "users, line 1)");
    let report = report(&[SCHEMA, SILENCED], &["check"]);
    assert_eq!(findings(&report), ["~missing-index q.sql:2"]);
    let suppressed = &report["findings"][0]["suppressed"];
    assert_eq!(suppressed["reason"], "a few hundred users");
    assert_eq!((suppressed["path"].as_str(), suppressed["line"].as_u64()), (Some("q.sql"), Some(1)));
}

#[test]
fn what_only_suppressed_findings_ask_for_is_not_advised() {
    for command in ["check", "advise"] {
        let report = report(&[SCHEMA, SILENCED], &[command]);
        assert_eq!(report["advice"], Value::Array(Vec::new()), "{command}");
    }
    let output = planlint(project(&[SCHEMA, SILENCED]).path(), &["advise"]);
    assert!(!text(&output.stdout).contains("CREATE INDEX"));
    // Another sender of the same query is not silenced, and still gets its index.
    let report = report(&[SCHEMA, SILENCED, ("other.sql", BAD.1)], &["check"]);
    assert_eq!(findings(&report), ["missing-index other.sql:1", "~missing-index q.sql:2"]);
    assert_eq!(report["advice"][0]["ddl"], "CREATE INDEX idx_users_email ON users (email);");
}

#[test]
fn an_index_does_not_serve_what_is_silenced() {
    let folder = project(&[SCHEMA, SILENCED, ("other.sql", BAD.1)]);
    for command in ["check", "advise"] {
        let report = report(&[SCHEMA, SILENCED, ("other.sql", BAD.1)], &[command]);
        assert_eq!(report["advice"][0]["queries"].as_array().map(Vec::len), Some(1), "{command}");
    }
    let said = text(&planlint(folder.path(), &["advise"]).stdout);
    assert!(said.contains("serves other.sql:1\n"), "{said}");
}

#[test]
fn a_hash_silences_where_it_is_a_comment() {
    let hashed = ("q.sql", "# planlint: ignore[missing-index] -- few\nSELECT id FROM users WHERE email = ?;");
    assert_eq!(findings(&report(&[SCHEMA, hashed], &["check"])), ["missing-index q.sql:2"]);
    let mysql =
        ("schema.sql", "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, email varchar(99)) ENGINE=InnoDB;");
    assert_eq!(findings(&report(&[mysql, hashed], &["check", "--audit"])), ["~missing-index q.sql:2"]);
}

#[test]
fn what_is_hidden_does_not_keep_a_suppressed_index_advised() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id), total INTEGER);";
    let query = "SELECT total FROM orders WHERE user_id = ?; -- planlint: ignore[missing-index] -- few";
    let files = [("schema.sql", schema), ("q.sql", query)];
    let hint = report(&files, &["check", "--audit"]);
    assert_eq!(findings(&hint), ["~missing-index q.sql:1", "unindexed-foreign-key schema.sql:2"]);
    assert_eq!(hint["findings"][1]["confidence"], "low");
    assert_eq!(hint["advice"][0]["confidence"], "low");
    check(&files, &["check"], 0, "no findings, 1 suppressed\n");
}

#[test]
fn a_whole_file_is_silenced_by_ignore_file() {
    let query = "SELECT id FROM users WHERE email = ?;\nSELECT email FROM users WHERE email > ? AND email < ?;\n";
    let silenced = format!("-- planlint: ignore-file[missing-index, full-table-scan] -- reports\n\n{query}");
    let loud = findings(&report(&[SCHEMA, ("q.sql", query)], &["check"]));
    let silent = findings(&report(&[SCHEMA, ("q.sql", &silenced)], &["check"]));
    assert!(!loud.is_empty());
    assert!(silent.iter().filter(|finding| finding.starts_with('~')).count() >= loud.len(), "{silent:?}");
}

#[test]
fn what_silences_nothing_is_told_only_when_everything_ran() {
    let idle = ("q.sql", "-- planlint: ignore[missing-index] -- once slow\nSELECT id FROM users WHERE id = ?;");
    check(&[SCHEMA, idle], &["check"], 1, "unused-suppression");
    check(&[SCHEMA, idle], &["check", "q.sql"], 0, "no findings");
    check(&[SCHEMA, idle, ("planlint.toml", "")], &["check", "q.sql"], 0, "no findings");
    check(&[SCHEMA, idle], &["check", "--timeout", "0"], 2, "no findings");
    let unreadable = ("q.sql", "-- planlint: ignore[missing-index] -- slow\nSELECT id FROM users WHERE {{ more }};");
    check(&[SCHEMA, unreadable], &["check"], 0, "no findings");
}

#[test]
fn a_stand_in_does_not_judge_what_only_the_own_planner_knows() {
    let schema =
        "CREATE TABLE users (id bigserial PRIMARY KEY, name text NOT NULL);\nCREATE INDEX u_n ON users (name);";
    let check = |rules: &str, engine: &str, expect: &[&str]| {
        let query = format!("-- planlint: ignore[{rules}] -- few\nSELECT * FROM users WHERE id = 7;");
        let files = [("schema.sql", schema), ("q.sql", &*query)];
        let found = findings(&report(&files, &["check", "--dialect", "postgres", "--engine", engine]));
        assert_eq!(found, expect, "{rules} on {engine}");
    };
    check("like-needs-pattern-ops, implicit-cast", "sqlite", &[]);
    check("missing-index", "sqlite", &["unused-suppression q.sql:1"]);
    check("missing-index, like-needs-pattern-ops", "none", &[]);
}

#[test]
fn advice_is_as_sure_as_what_asks_for_it() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE);";
    let queries = "DELETE FROM users WHERE id = ?;\nSELECT id FROM orders WHERE user_id = ?;";
    let files = [("schema.sql", schema), ("q.sql", queries)];
    for command in ["check", "advise"] {
        // By its shape alone the query is a hint; the foreign key asks for the same index and is sure.
        let report = report(&files, &[command, "--engine", "none"]);
        assert_eq!(report["advice"][0]["confidence"], "high", "{command}");
        assert_eq!(report["advice"].as_array().map(Vec::len), Some(1), "{command}");
    }
}

#[test]
fn tests_and_scripts_are_heard_by_an_audit_alone() {
    let wrong = "SELECT id FROM users WHERE email = NULL;";
    let idle = "-- planlint: ignore[null-comparison] -- on purpose\nSELECT id FROM users WHERE id = ?;";
    let slow = "-- planlint: ignore[missing-index] -- a test\nSELECT id FROM users WHERE email = ?;";
    let silenced = format!("-- planlint: ignore[null-comparison] -- on purpose\n{wrong}");
    let check = |path: &str, query: &str, audited: &[&str], status: i32| {
        let files = [SCHEMA, (path, query)];
        super::check(&files, &["check"], status, if status == 0 { "no findings" } else { "finding" });
        super::check(&files, &["check", "--audit"], status, "");
        assert_eq!(findings(&report(&files, &["check", "--audit"])), audited, "{path}: {query}");
    };
    for path in ["tests/q.sql", "scripts/q.sql"] {
        check(path, wrong, &[&format!("null-comparison {path}:1")], 0);
        check(path, &silenced, &[&format!("~null-comparison {path}:2")], 0);
        check(path, idle, &[&format!("unused-suppression {path}:1")], 0);
        // Nothing is advised there, so that nobody can tell what the comment is good for.
        check(path, slow, &[], 0);
    }
    check("seeds/q.sql", wrong, &[], 0);
    check("seeds/q.sql", idle, &[], 0);
    check("q.sql", wrong, &["null-comparison q.sql:1"], 1);
}

#[test]
fn a_suppression_names_rules_that_exist() {
    let misspelled = ("q.sql", "SELECT id FROM users WHERE email = ?; -- planlint: ignore[mising-index]");
    check(&[SCHEMA, misspelled], &["check"], 1, "there is a rule `missing-index`");
    let blanket = ("q.sql", "SELECT id FROM users WHERE email = ?; -- planlint: ignore");
    check(&[SCHEMA, blanket], &["check"], 1, "type `planlint: ignore[missing-index] -- the reason`");
    check(&[SCHEMA, blanket], &["check", "q.sql"], 1, "type `planlint: ignore[missing-index] -- the reason`");
}

#[test]
fn no_comment_silences_what_is_said_of_itself() {
    let query = "SELECT id FROM users WHERE id = ?;";
    let check = |comment: &str, expect: &str| {
        let file = format!("{comment}\n{query}");
        assert_eq!(findings(&report(&[SCHEMA, ("q.sql", &file)], &["check"])), [expect], "{comment}");
    };
    check("-- planlint: ignore-file[missing-index, unused-suppression] -- few", "unused-suppression q.sql:1");
    check("-- planlint: ignore-file[mising-index, unknown-rule-in-suppression]", "unknown-rule-in-suppression q.sql:1");
    check(
        "-- planlint: ignore-file[unused-suppression] -- soon\n\n-- planlint: ignore[missing-index] -- few",
        "~unused-suppression q.sql:3",
    );
}

#[test]
fn a_reason_can_be_required() {
    let bare = ("q.sql", "SELECT id FROM users WHERE email = ?; -- planlint: ignore[missing-index]");
    let required = ("planlint.toml", "require-reason = true\n");
    check(&[SCHEMA, bare], &["check"], 0, "1 suppressed");
    check(&[SCHEMA, bare, required], &["check"], 1, "type `planlint: ignore[missing-index] -- the reason`");
    check(&[SCHEMA, SILENCED, required], &["check"], 0, "1 suppressed");
}

#[test]
fn a_schema_is_silenced_where_it_is_declared() {
    let schema = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    payer_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE, -- planlint: ignore[unindexed-foreign-key] -- few
    buyer_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE
);
-- planlint: ignore[duplicate-index] -- dropped soon
CREATE INDEX users_email ON users (email);
";
    let report = report(
        &[("migrations/001.sql", schema), ("q.sql", "SELECT id FROM users WHERE email = ?;")],
        &["check", "--audit"],
    );
    assert_eq!(
        findings(&report),
        [
            "~unindexed-foreign-key migrations/001.sql:4",
            "unindexed-foreign-key migrations/001.sql:5",
            "~duplicate-index migrations/001.sql:8"
        ]
    );
}

#[test]
fn comments_of_python_and_of_the_sql_in_its_strings_speak_too() {
    let code = "def f(cur, e):\n    # planlint: ignore[missing-index] -- few\n    cur.execute('SELECT id FROM users WHERE email = %s', e)\n\n\n\
                def g(cur, e):\n    cur.execute(\n        \"\"\"SELECT id FROM users\n        WHERE email = %s -- planlint: ignore[missing-index]\n\
                \"\"\",\n        e,\n    )\n\n\n\
                def h(cur, e):\n    cur.execute('SELECT id FROM users WHERE email = %s LIMIT 5', e)\n";
    let told = findings(&report(&[SCHEMA, ("app/a.py", code)], &["check"]));
    assert_eq!(told, ["~missing-index app/a.py:3", "~missing-index app/a.py:9", "missing-index app/a.py:16"]);
    let whole = format!("# planlint: ignore-file[missing-index]\n{code}");
    let told = findings(&report(&[SCHEMA, ("app/a.py", &whole)], &["check"]));
    assert!(told.iter().all(|finding| finding.starts_with("~missing-index")), "{told:?}");
}
