//! Files and the facts and query sites they give.

use super::*;
use crate::dialect::Dialect;
use crate::query::{DatabaseId, QuerySite, Resolution};
use crate::suppress::Reach;

fn read(path: &str, text: &str) -> SqlFileFacts {
    facts(FileId(3), &TreePath::new(path), text)
}

fn queries(text: &str) -> (Vec<QuerySite>, Vec<Skip>) {
    sites(&read("q.sql", text), DatabaseId(0), PathClass::App)
}

#[test]
fn schema_and_queries_are_kept_and_data_is_counted() {
    let text = "BEGIN;\nCREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nSELECT a FROM t;\nCOMMIT;";
    let facts = read("a.sql", text);
    let kept: Vec<_> = facts.statements.iter().map(|statement| (statement.class, &*statement.text)).collect();
    assert_eq!(kept, [(StatementClass::Schema, "CREATE TABLE t (a int)"), (StatementClass::Query, "SELECT a FROM t")]);
    assert_eq!((facts.data, facts.noise), (2, 2));
    let summary = facts.summary(PathClass::App);
    assert_eq!((summary.creates, summary.alters, summary.data, summary.queries, summary.named), (1, 0, 2, 1, 0));
}

#[test]
fn a_comment_names_the_statements_below_it() {
    let text = "-- name: get-user\n-- Finds one.\nSELECT 1\n-- name: ListUsers :many\nSELECT 2;\n-- name: two*\nSELECT 3; SELECT 4;";
    let (sites, skips) = queries(text);
    let named: Vec<_> = sites.iter().map(|site| (site.symbol.as_deref().unwrap_or(""), site.source)).collect();
    assert_eq!(named, [("get-user", "yesql"), ("ListUsers", "sqlc"), ("two", "aiosql"), ("two", "aiosql")]);
    assert_eq!(skips, []);
    let facts = read("q.sql", text);
    let lead = facts.statements[0].lead;
    assert_eq!(&text[lead.start as usize..lead.end as usize], "-- name: get-user\n-- Finds one.");
}

#[test]
fn the_way_back_of_a_migration_has_no_sites() {
    let text =
        "-- +goose Up\nCREATE TABLE t (a int);\nUPDATE t SET a = 1;\n-- +goose Down\nDROP TABLE t;\nDELETE FROM t;";
    let facts = read("m/1.sql", text);
    let parts: Vec<_> = facts.statements.iter().map(|statement| statement.part).collect();
    assert_eq!(parts, [Part::Up, Part::Up, Part::Down, Part::Down]);
    assert_eq!(facts.markers, Some(MarkerTool::Goose));
    let summary = facts.summary(PathClass::Migration);
    assert_eq!((summary.creates, summary.alters, summary.queries), (1, 0, 1));
    let (sites, _) = sites(&facts, DatabaseId(0), PathClass::Migration);
    assert_eq!(sites.len(), 1);
    assert_eq!(sites[0].class, PathClass::Migration);
}

#[test]
fn what_stands_above_the_only_mark_of_a_migration_is_the_way_forth() {
    let mark = "---- create above / drop below ----";
    let check = |text: &str, kept: &[(Part, &str)]| {
        let facts = read("migrations/001_a.sql", text);
        let parts: Vec<_> = facts.statements.iter().map(|statement| (statement.part, &*statement.text)).collect();
        assert_eq!(parts, kept, "{text}");
        assert_eq!(facts.markers, Some(MarkerTool::Tern), "{text}");
    };
    let (up, down) = ((Part::Whole, "CREATE TABLE t (a int)"), (Part::Down, "DROP TABLE t"));
    check(&format!("CREATE TABLE t (a int);\n\n{mark}\n\nDROP TABLE t;\n"), &[up, down]);
    check(&format!("CREATE TABLE t (a int)\r\n{mark}\r\nDROP TABLE t"), &[up, down]);
}

#[test]
fn a_site_says_how_much_of_it_is_known() {
    let check = |text: &str, resolution: Resolution, reasons: &[&str]| {
        let (sites, skips) = queries(text);
        assert_eq!(sites[0].resolution, resolution, "{text}");
        assert_eq!(sites[0].variants.is_empty(), resolution == Resolution::Skipped, "{text}");
        assert_eq!(skips.iter().map(|skip| skip.reason).collect::<Vec<_>>(), reasons, "{text}");
    };
    check("SELECT a FROM t WHERE b = $1", Resolution::Resolved, &[]);
    check("SELECT a FROM t WHERE b = $1 ORDER BY %order%", Resolution::Partial, &["dynamic-order"]);
    check("SELECT a FROM {table}", Resolution::Skipped, &["dynamic-table"]);
    check("SELECT a FROM t WHERE b = 'x", Resolution::Skipped, &["unterminated-string"]);
}

#[test]
fn places_are_those_of_the_file() {
    let text = "-- x\n\nSELECT a FROM t\n  WHERE b = :b; -- y";
    let (sites, _) = queries(text);
    let site = &sites[0];
    assert_eq!(&text[site.place.start as usize..site.place.end as usize], "SELECT a FROM t\n  WHERE b = :b");
    let variant = &site.variants[0];
    let at = variant.sql.find("$1").expect("a parameter") as u32;
    let place = variant.spans.places(at..at + 2, &site.place).primary;
    assert_eq!(&text[place.start as usize..place.end as usize], ":b");
    assert_eq!(place.file, FileId(3));
}

#[test]
fn offline_data_of_sqlx_is_read_through_its_escapes() {
    let text = r#"{"db_name": "SQLite", "query": "SELECT \"a\" FROM t\n WHERE b = ?\u00e9 -- \ud83d\ude00", "describe": {"columns": [{"name": "query"}]}}"#;
    let facts = read("app/.sqlx/query-1f.json", text);
    assert_eq!(facts.votes.winner(), Some(Dialect::Sqlite));
    assert_eq!(facts.statements.len(), 1);
    let statement = &facts.statements[0];
    assert_eq!(&*statement.text, "SELECT \"a\" FROM t\n WHERE b = ?é");
    assert_eq!(statement.source, "sqlx");
    let host = |place: HostSpan| &text[place.start as usize..place.end as usize];
    assert_eq!(host(statement.place), r#"SELECT \"a\" FROM t\n WHERE b = ?\u00e9"#);
    let at = statement.text.find("t\n").expect("the table") as u32;
    assert_eq!(host(statement.spans.places(at..at + 1, &statement.place).primary), "t");
    let at = statement.text.find('\n').expect("a line break") as u32;
    assert_eq!(host(statement.spans.places(at..at + 1, &statement.place).primary), "\\n");

    assert!(read(".sqlx/query-2.json", r#"{"query": "SELECT 1; SELECT 2"}"#).statements.len() == 2);
    let old = r#"{"db": "PostgreSQL", "4f": {"query": "SELECT 1", "nullable": []}}"#;
    assert_eq!(read("sqlx-data.json", old).statements.len(), 1);
}

#[test]
fn what_is_no_offline_data_is_a_skip_at_its_fault() {
    let check = |path: &str, text: &str, places: &[(u32, u32)]| {
        let facts = read(path, text);
        assert!(facts.skips.iter().all(|skip| skip.reason == "malformed-json"), "{text}");
        let found: Vec<_> = facts.skips.iter().map(|skip| (skip.place.start, skip.place.end)).collect();
        assert_eq!(found, places, "{text} {:?}", facts.skips);
    };
    check(".sqlx/query-1.json", r#"{"query": "SELECT 1"}"#, &[]);
    check(".sqlx/query-1.json", "", &[(0, 0)]);
    check(".sqlx/query-1.json", "{", &[(0, 1)]);
    check(".sqlx/query-1.json", "[]", &[(0, 1)]);
    check(".sqlx/query-1.json", "garbage", &[(0, 1)]);
    check(".sqlx/query-1.json", "{\n  é", &[(4, 6)]);
    check(".sqlx/query-1.json", r#"{"query": "SELECT"#, &[(16, 17)]);
    check(".sqlx/query-1.json", r#"{"query": 5}"#, &[(0, 12)]);
    check(".sqlx/query-1.json", r#"{"query": "SELECT 1""#, &[(19, 20)]);
    check("sqlx-data.json", r#"{"db": "PostgreSQL"}"#, &[]);
    check("sqlx-data.json", "[]", &[(0, 1)]);
    assert_eq!(read(".sqlx/query-1.json", r#"{"query": "SELECT 1""#).statements.len(), 1);
}

#[test]
fn the_files_that_are_read_are_known_by_name() {
    let check = |path: &str, expect: bool| assert_eq!(reads(&TreePath::new(path)), expect, "{path}");
    check("a/b.sql", true);
    check("a/B.SQL", true);
    check(".sqlx/query-a.json", true);
    check("x/.sqlx/query-a.json", true);
    check("query-a.json", false);
    check("a.sql.md", false);
}

#[test]
fn dumps_are_told_by_their_headers() {
    let check = |text: &str, tool: Option<DumpTool>| assert_eq!(read("a.sql", text).dump, tool, "{text}");
    check("--\n-- PostgreSQL database dump\n--\n", Some(DumpTool::PgDump));
    check("SET x = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n", Some(DumpTool::PgDump));
    check("-- MySQL dump 10.13  Distrib 8.0.36\n", Some(DumpTool::Mysqldump));
    check("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (a);", Some(DumpTool::Sqlite3));
    check("CREATE TABLE t (a);", None);
}

#[test]
fn what_is_no_sql_is_a_skip() {
    let facts = read("a.sql", "Lorem ipsum;\nSELECT 1;");
    assert_eq!(facts.skips.iter().map(|skip| skip.reason).collect::<Vec<_>>(), ["unknown-statement"]);
    assert_eq!(facts.statements.len(), 1);
}

/// Reads the suppressions of a file: the rules, the reason, and the text reached.
fn suppressed(path: &str, text: &str) -> Vec<String> {
    let told = |suppression: &Suppression| {
        let rules: Vec<&str> = suppression.rules.iter().map(|rule| rule.name.as_str()).collect();
        let reached = match suppression.reach {
            Reach::File => "the file".to_owned(),
            Reach::Nothing => "nothing".to_owned(),
            Reach::Statement(span) => text[span.start as usize..span.end as usize].replace('\n', " "),
        };
        let reason = suppression.reason.as_deref().unwrap_or("");
        format!("{} ({reason}): {reached}", rules.join(" "))
    };
    let facts = read(path, text);
    let hash = |told: String| format!("# {told}");
    let hashed = facts.hash_suppressions.iter().map(told).map(hash);
    facts.suppressions.iter().map(told).chain(hashed).collect()
}

#[test]
fn suppressions_stand_in_every_kind_of_comment() {
    let check = |text: &str, expect: &[&str]| assert_eq!(suppressed("q.sql", text), expect, "{text}");
    check("-- planlint: ignore[a] -- why\nSELECT 1;\nSELECT 2;", &["a (why): SELECT 1"]);
    check("SELECT 1; -- planlint: ignore[a]\nSELECT 2;", &["a (): SELECT 1"]);
    check(
        "SELECT 1\nFROM t -- planlint: ignore[a]\nWHERE x = 2;",
        &["a (): SELECT 1 FROM t -- planlint: ignore[a] WHERE x = 2"],
    );
    check("/* planlint: ignore[a] -- why */ SELECT 1;", &["a (why): SELECT 1"]);
    check("SELECT `a` FROM t;\n# planlint: ignore[a]\nSELECT `b` FROM t;", &["# a (): SELECT `b` FROM t"]);
    check("SELECT 1; # planlint: ignore[a]\nSELECT 2;", &["# a (): SELECT 1"]);
    check("-- planlint: ignore[a]\n-- name: one\n-- Words.\nSELECT 1;", &["a (): SELECT 1"]);
    check("-- name: one\n-- planlint: ignore[a]\nSELECT 1;", &["a (): SELECT 1"]);
    check("-- name: one\nSELECT 1\n-- planlint: ignore[a]\n-- name: two\nSELECT 2", &["a (): SELECT 2"]);
    check("-- planlint: ignore-file[a] -- why\n\nSELECT 1;", &["a (why): the file"]);
    check("SELECT '-- planlint: ignore[a]';", &[]);
    check("SELECT 1;\n-- planlint: ignore[a]\n", &["a (): nothing"]);
    let both = "DROP INDEX IF EXISTS i; CREATE INDEX i ON t (a)";
    check(&format!("-- planlint: ignore[a]\n{both};\nSELECT 1;"), &[&format!("a (): {both}")]);
}

#[test]
fn a_comment_in_a_table_is_about_its_column() {
    let check = |text: &str, expect: &str| assert_eq!(suppressed("q.sql", text), [expect], "{text}");
    check("CREATE TABLE t (\n a int, -- planlint: ignore[r]\n b int\n);", "r (): a int");
    check("CREATE TABLE t (\n a int,\n -- planlint: ignore[r]\n b int\n);", "r (): b int");
    check("CREATE TABLE t (\n a int,\n b int -- planlint: ignore[r]\n);", "r (): b int");
    check("-- planlint: ignore[r]\nCREATE TABLE t (\n a int,\n b int\n);", "r (): CREATE TABLE t (  a int,  b int )");
    check("CREATE TABLE t (a int, b int); -- planlint: ignore[r]", "r (): CREATE TABLE t (a int, b int)");
    check("ALTER TABLE t\n ADD a int, -- planlint: ignore[r]\n ADD b int;", "r (): ADD a int");
}

#[test]
fn a_comment_in_the_sql_of_offline_data_is_about_its_query() {
    let text = r#"{"db_name": "PostgreSQL", "query": "-- planlint: ignore[a] -- why\nSELECT 1\n", "hash": "x"}"#;
    assert_eq!(suppressed(".sqlx/query-1.json", text), ["a (why): SELECT 1"]);
}
