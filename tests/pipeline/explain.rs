//! `explain` through the pipe: what it says, and that its scripts show in SQLite what it showed.

use planlint::config::{Config, EngineChoice};
use planlint::engine::Deadline;
use planlint::outcome::{ExplainedEntry, RunReport};
use planlint::report::{Colour, Reporter, Skips, Tally, Text, View};
use planlint::run::{Ask, Focus, Goal, Here, Plans, RunError, Session};
use planlint::source::TreePath;

use crate::tree::Memory;
use crate::{example, run};

fn explain(tree: &Memory, focus: Focus<'_>, config: Config) -> Result<RunReport, RunError> {
    let ask = Ask {
        goal: Goal::Explain(focus),
        here: Here::Within(""),
        scope: &[],
        until: Deadline(None),
        plans: Plans::Omitted,
    };
    Session::new(config).analyse(tree, &ask)
}

fn at(tree: &Memory, path: &str, line: u32, column: Option<u32>) -> Result<RunReport, RunError> {
    explain(tree, Focus::Place { path: &TreePath::new(path), line, column }, Config::default())
}

fn typed(tree: &Memory, sql: &str) -> RunReport {
    let folder = TreePath::new("");
    explain(tree, Focus::Text { sql, folder: &folder }, Config::default()).expect("there is a query")
}

fn only(report: &RunReport) -> &ExplainedEntry {
    report.queries[0].variants[0].explained.as_ref().expect("it is explained")
}

/// The report as text, without the headline, whose engine version moves.
fn text(report: &RunReport, width: usize) -> String {
    let mut bytes = Vec::new();
    let text = Text { view: View::Explain, width, colour: Colour::Never, skips: Skips::Counted, tally: Tally::Sum };
    text.write(report, &mut bytes).expect("a vector takes every byte");
    let text = String::from_utf8(bytes).expect("reports are UTF-8");
    let version = only(report).engine.clone().unwrap_or_else(|| "sqlite".to_owned());
    text.split_once("\n\n").expect("a headline and a page").1.replace(&version, "sqlite")
}

#[test]
fn the_plan_with_the_advice_does_without_what_is_dropped() {
    let schema = "CREATE TABLE t (id integer PRIMARY KEY, code text NOT NULL, kind text NOT NULL, note text);
        CREATE INDEX code ON t (code); CREATE INDEX code_again ON t (code); CREATE INDEX kinds ON t (kind);";
    let tree = Memory::default().with("schema.sql", schema);
    let report = typed(&tree, "SELECT note FROM t WHERE code = ?");
    let told = only(&report);
    let (before, after) = (told.plan_before.as_deref(), told.plan_after.as_deref());
    let (dropped, kept) = ("code_again (", "code (");
    assert!(before.is_some_and(|plan| plan.contains(dropped)), "{before:?}");
    assert!(after.is_some_and(|plan| !plan.contains(dropped) && plan.contains(kept)), "{after:?}");
    let ddl: Vec<&str> =
        report.advice.iter().filter(|one| told.advice.contains(&one.id)).map(|one| &*one.ddl).collect();
    assert_eq!(ddl, ["DROP INDEX code_again;"]);
    // What existing indexes answer together is no OR without them.
    let both = typed(&tree, "SELECT note FROM t WHERE code = ? OR kind = ?");
    assert_eq!(only(&both).unfit, [], "each branch has its index");
}

const SHOP: &str = "
CREATE TABLE users (id BIGSERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, is_active BOOLEAN NOT NULL, profile JSONB);
CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id), code TEXT NOT NULL,
    status TEXT NOT NULL, created_at TIMESTAMPTZ NOT NULL, deleted_at TIMESTAMPTZ, note TEXT);
CREATE INDEX orders_status_user ON orders (status, user_id);
CREATE INDEX orders_pending ON orders (created_at) WHERE status = 'pending';
CREATE TABLE settings (id SERIAL PRIMARY KEY, name TEXT NOT NULL);
";

fn shop() -> Memory {
    Memory::default().with("schema.sql", SHOP).with("other.sql", "SELECT id FROM orders WHERE code = $1;")
}

#[test]
fn a_native_query_is_explained_with_costs() {
    let report = at(&example(), "queries/appointments.sql", 11, None).expect("a statement");
    insta::assert_snapshot!(text(&report, 100));
}

#[test]
fn a_stand_in_shows_no_costs() {
    let sql = "SELECT o.id, u.email FROM orders o JOIN users u ON u.id = o.user_id
        WHERE o.user_id = :user AND o.status = 'paid' AND u.is_active AND o.note ILIKE %s
        ORDER BY o.created_at DESC LIMIT 20";
    let report = typed(&shop(), sql);
    insta::assert_snapshot!(text(&report, 80));
    assert!(only(&report).candidates.iter().all(|candidate| candidate.cost_before.is_none()));
}

#[test]
fn what_no_engine_plans_is_judged_by_its_shape() {
    let folder = TreePath::new("");
    let sql = "SELECT id FROM orders WHERE code = ? AND status = 'paid' AND created_at > ?";
    let config = Config { engine: EngineChoice::None, ..Config::default() };
    let report = explain(&shop(), Focus::Text { sql, folder: &folder }, config).expect("there is a query");
    insta::assert_snapshot!(text(&report, 80));
    assert_eq!(only(&report).repro, None);
}

#[test]
fn every_verdict_is_given_with_its_reason() {
    let check = |sql: &str, expect: &[(&str, &str, &str)]| {
        let report = typed(&shop(), sql);
        let found: Vec<(String, String, String)> = only(&report)
            .candidates
            .iter()
            .map(|one| {
                let keys: Vec<String> =
                    one.columns.iter().filter_map(|key| key.name.clone().or(key.expression.clone())).collect();
                let verdict =
                    one.guard.as_ref().map_or(one.verdict.clone(), |guard| format!("{}/{guard}", one.verdict));
                (keys.join(", "), verdict, one.why.clone())
            })
            .collect();
        for (keys, verdict, why) in expect {
            let is_it = |one: &&(String, String, String)| one.0 == *keys && one.1 == *verdict && one.2.contains(why);
            assert!(found.iter().any(|one| is_it(&one)), "{sql}: ({keys}) {verdict} {why}: {found:#?}");
        }
    };
    check("SELECT id FROM orders WHERE code = ?", &[("code", "kept", "advised as `idx_orders_code`")]);
    check("SELECT id FROM users WHERE email = ?", &[("email", "covered", "`users_email_key`")]);
    check("SELECT id FROM settings WHERE name = ?", &[("name", "guard/small", "`limits.min-rows`")]);
    check("SELECT id FROM orders WHERE status = ?", &[("status", "covered", "`orders_status_user`")]);
    check(
        "SELECT note FROM orders WHERE id IN (?, ?) AND created_at > ?",
        &[("id, created_at", "guard/unique", "the one row")],
    );
    check(
        "SELECT id FROM orders WHERE code = ? OR lower(note) = ?",
        &[("code", "kept", "advised"), ("lower(note)", "kept", "advised")],
    );
    check(
        "SELECT id FROM users WHERE is_active AND email > ? ORDER BY id LIMIT 10",
        &[("id", "covered", "`users_pkey`")],
    );
}

#[test]
fn what_offers_no_key_says_why() {
    let sql =
        "SELECT u.id FROM users u WHERE u.is_active AND u.profile = ? AND (? IS NULL OR u.email = ?) ORDER BY u.email";
    let report = typed(&shop(), sql);
    let unfit: Vec<(&str, &str)> = only(&report).unfit.iter().map(|one| (one.key.as_str(), one.why.as_str())).collect();
    let says = |key: &str, part: &str| unfit.iter().any(|(known, why)| *known == key && why.contains(part));
    assert!(
        says("is_active", "guard `boolean`") && says("profile", "type") && says("email", "run-time switch"),
        "{unfit:?}"
    );
}

#[test]
fn a_place_names_the_innermost_statements() {
    let tree = shop().with(
        "q.sql",
        "SELECT id FROM users WHERE id = 1; SELECT id FROM users WHERE id = 2;\n\n-- name: Third\nSELECT id\n\nFROM users\nWHERE id = 3;\nCREATE INDEX i ON users (id);\n",
    );
    let sql = |line, column| -> Vec<String> {
        let report = at(&tree, "q.sql", line, column).expect("a statement");
        report
            .queries
            .iter()
            .map(|query| query.variants[0].sql.split('=').next_back().unwrap_or("").trim().to_owned())
            .collect()
    };
    assert_eq!(sql(1, None), ["1", "2"]);
    assert_eq!(sql(1, Some(3)), ["1"]);
    assert_eq!(sql(1, Some(40)), ["2"]);
    for line in 3..=7 {
        assert_eq!(sql(line, None), ["3"], "line {line}");
    }
    let said = |line, column| at(&tree, "q.sql", line, column).expect_err("no query").to_string();
    assert_eq!(said(2, None), "no query stands at `q.sql:2`");
    assert_eq!(said(8, None), "the statement at `q.sql:8` changes the schema and asks for nothing");
    assert_eq!(said(99, None), "`q.sql` has no line 99");
    assert_eq!(
        at(&tree, "q.rb", 1, None).expect_err("no SQL").to_string(),
        "`q.rb` is no file that planlint reads SQL in"
    );
}

#[test]
fn a_typed_text_is_no_part_of_the_schema() {
    let before = run(&shop(), Goal::Schema).tables.len();
    let report = typed(&shop(), "CREATE TABLE more (id INT); SELECT id FROM more");
    assert_eq!(report.run.databases[0].tables, before);
    assert!(only(&report).notes.iter().any(|note| note.contains("no step of the schema creates `more`")));
}

/// Runs a script as the shell would; gives the words of each plan it shows.
fn plans_of(script: &str) -> Vec<String> {
    let database = rusqlite::Connection::open_in_memory().expect("a database");
    let mut plans = Vec::new();
    for line in script.lines() {
        assert!(!line.starts_with('.'), "a command of the shell: {line}");
        if !line.starts_with("EXPLAIN") {
            // Labels are rows, which a batch passes over.
            database.execute_batch(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            continue;
        }
        let mut statement = database.prepare(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        // Parameters stay unbound, as they are in the shell.
        let mut rows = statement.raw_query();
        let mut depths = std::collections::BTreeMap::from([(0, 0)]);
        let mut plan = String::new();
        while let Some(row) = rows.next().expect("it is explained") {
            let (id, parent): (i64, i64) = (row.get(0).expect("a number"), row.get(1).expect("a number"));
            let detail: String = row.get(3).expect("a text");
            let depth = depths[&parent];
            depths.insert(id, depth + 1);
            plan.push_str(&format!("{}{detail}\n", "  ".repeat(depth)));
        }
        plans.push(plan);
    }
    plans
}

fn reproduces(report: &RunReport) -> usize {
    let mut shown = 0;
    for explained in report.queries.iter().flat_map(|query| &query.variants).filter_map(|one| one.explained.as_ref()) {
        let Some(script) = &explained.repro else { continue };
        let plans = plans_of(script);
        assert_eq!(Some(&plans[0]), explained.raw_plan_before.as_ref(), "{script}");
        if let Some(after) = &explained.raw_plan_after {
            assert_eq!(plans.get(1), Some(after), "{script}");
        }
        shown += 1;
    }
    shown
}

#[test]
fn scripts_show_what_was_shown() {
    let mut shown = 0;
    for file in ["appointments", "payments", "people"] {
        let path = format!("queries/{file}.sql");
        for line in 1..=30 {
            shown += at(&example(), &path, line, None).map_or(0, |report| reproduces(&report));
        }
    }
    assert!(shown > 30, "{shown} scripts");
    for sql in [
        "SELECT id FROM orders WHERE date_trunc('day', created_at) = ? AND code = ? AND similarity(note, 'a''date_trunc(') > 0.5",
        "SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.note = E'a\\n.shell ls\\n')",
        "SELECT count(*) FROM orders WHERE code IN (?) OR user_id = ?",
    ] {
        assert_eq!(reproduces(&typed(&shop(), sql)), 1, "{sql}");
    }
    let replaced =
        shop().with("more.sql", "SELECT id FROM orders WHERE status = ? AND user_id = ? ORDER BY created_at LIMIT 5;");
    assert_eq!(reproduces(&at(&replaced, "more.sql", 1, None).expect("a statement")), 1);
}

#[test]
fn foreign_names_are_escaped() {
    let evil = "CREATE TABLE \"t\u{1b}[31m\n.shell ls\n\" (id BIGINT PRIMARY KEY, \"token\u{7}\" TEXT);";
    let tree = Memory::default().with("schema.sql", evil);
    let report = typed(&tree, "SELECT id FROM \"t\u{1b}[31m\n.shell ls\n\" WHERE \"token\u{7}\" = ?");
    let shown = text(&report, 100) + only(&report).repro.as_deref().expect("a script");
    assert!(!shown.contains(['\u{1b}', '\u{7}']) && !shown.contains("\n.shell"), "{shown}");
    assert_eq!(plans_of(only(&report).repro.as_deref().expect("a script")).len(), 2);
}
