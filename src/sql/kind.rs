//! What a statement does, by its first words.

use super::split::{Keyword, RawStatement};

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementClass {
    /// Changes the schema, or may (`DO`).
    Schema,
    /// Asks for data, or changes it by a condition or with values known at run time only.
    Query,
    /// Puts constants into a table.
    Data,
    /// Transactions, settings, grants, maintenance.
    Noise,
    /// No SQL that we know.
    Unknown,
}

/// First words of statements that say nothing of schema or queries.
const NOISE: &[&str] = &[
    "ABORT",
    "ANALYSE",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMIT",
    "DEALLOCATE",
    "DECLARE",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DISCARD",
    "END",
    "EXEC",
    "EXECUTE",
    "EXPORT",
    "FETCH",
    "FLUSH",
    "GRANT",
    "IMPORT",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MOVE",
    "NOTIFY",
    "OPTIMIZE",
    "PRAGMA",
    "PREPARE",
    "PRINT",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "REPACK",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SECURITY",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "UNLOCK",
    "USE",
    "VACUUM",
];

/// Functions that dumps and scripts call for their effect alone.
const EFFECTS: &[&str] = &["pg_catalog.set_config", "pg_catalog.setval", "set_config", "setval"];

/// Classes a statement; one that a comment names is a query even if all its values are constants.
pub fn classify(raw: &RawStatement, text: &str, named: bool) -> StatementClass {
    match raw.keyword {
        Keyword::Alter | Keyword::Comment | Keyword::Create | Keyword::Drop => StatementClass::Schema,
        Keyword::Copy => StatementClass::Data,
        Keyword::Insert if !(raw.selects || raw.parameters || named) => StatementClass::Data,
        // Dumps say so where later unqualified names live.
        Keyword::Select if is_effect(text) && text.contains("search_path") => StatementClass::Schema,
        Keyword::Select if is_effect(text) => StatementClass::Noise,
        // A prepared statement stands elsewhere, and no table is made.
        Keyword::Explain if !opens_query(&text[explain_prefix(raw, text) as usize..]) => StatementClass::Noise,
        Keyword::Delete | Keyword::Explain | Keyword::Insert | Keyword::Merge | Keyword::Select | Keyword::Update => {
            StatementClass::Query
        }
        Keyword::Values | Keyword::With => StatementClass::Query,
        Keyword::Other => {
            let first = words(text).next().unwrap_or_default();
            match first.as_str() {
                "DO" | "RENAME" => StatementClass::Schema,
                "TABLE" => StatementClass::Query,
                "SET" if words(text).take(3).any(|word| word == "SEARCH_PATH") => StatementClass::Schema,
                word if NOISE.binary_search(&word).is_ok() => StatementClass::Noise,
                _ => StatementClass::Unknown,
            }
        }
    }
}

fn is_effect(text: &str) -> bool {
    let Some(rest) = text.get("SELECT".len()..).map(str::trim_start) else {
        return false;
    };
    let called = rest.split('(').next().unwrap_or("").trim();
    EFFECTS.iter().any(|effect| called.eq_ignore_ascii_case(effect))
}

/// The bytes of `EXPLAIN (…) ANALYZE VERBOSE QUERY PLAN` before the statement it explains.
pub fn explain_prefix(raw: &RawStatement, text: &str) -> u32 {
    if raw.keyword != Keyword::Explain {
        return 0;
    }
    let mut rest = text["EXPLAIN".len()..].trim_start();
    loop {
        let end = rest.find(|byte: char| !byte.is_ascii_alphanumeric() && byte != '_').unwrap_or(rest.len());
        let word = rest[..end].to_ascii_uppercase();
        let next = match word.as_str() {
            "ANALYZE" | "ANALYSE" | "VERBOSE" | "QUERY" | "PLAN" | "EXTENDED" | "PARTITIONS" => &rest[end..],
            "FORMAT" => {
                rest[end..].trim_start().trim_start_matches(['=', ' ']).trim_start_matches(char::is_alphanumeric)
            }
            // psql's variable, for options that differ between versions.
            "" if rest.starts_with(':') => {
                rest[1..].trim_start_matches(|char: char| char.is_alphanumeric() || char == '_')
            }
            // An option list is in lower case or upper; a query in parentheses starts with SELECT, WITH or VALUES.
            "" if rest.starts_with('(') && !opens_query(rest) => rest.split_once(')').map_or("", |(_, rest)| rest),
            _ => break,
        };
        if next.len() == rest.len() {
            break;
        }
        rest = next.trim_start();
    }
    if rest.is_empty() { 0 } else { (text.len() - rest.len()) as u32 }
}

fn opens_query(text: &str) -> bool {
    const VERBS: &[&str] = &["DELETE", "INSERT", "MERGE", "REPLACE", "SELECT", "TABLE", "UPDATE", "VALUES", "WITH"];
    let first = words(text.trim_start_matches(['(', ' ', '\t', '\r', '\n'])).next().unwrap_or_default();
    VERBS.contains(&first.as_str())
}

/// Says whether a schema statement is a `CREATE TABLE` that lasts.
pub fn creates_table(text: &str) -> bool {
    let head: Vec<String> = words(text).take(4).collect();
    let temporary = head.iter().any(|word| word == "TEMP" || word == "TEMPORARY");
    head.first().is_some_and(|word| word == "CREATE") && !temporary && head[1..].iter().any(|word| word == "TABLE")
}

/// Says whether a schema statement changes tables, indexes, views or types.
pub fn changes_schema(text: &str) -> bool {
    const KINDS: &[&str] = &["TABLE", "INDEX", "VIEW", "TYPE", "DOMAIN", "SEQUENCE", "SCHEMA"];
    let head: Vec<String> = words(text).take(5).collect();
    let verb = head.first().map_or("", String::as_str);
    let object = head.iter().skip(1).find(|word| KINDS.contains(&word.as_str()));
    matches!(verb, "ALTER" | "CREATE" | "DROP" | "RENAME")
        && object.is_some()
        && !head.iter().any(|word| matches!(word.as_str(), "TEMP" | "TEMPORARY" | "FUNCTION" | "TRIGGER" | "PROCEDURE"))
}

/// The words of a text up to its first quote, in upper case.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    const HEAD: usize = 300;
    let head = &text[..text.floor_char_boundary(HEAD)];
    let end = head.find(['\'', '"', '`', '$']).unwrap_or(head.len());
    head[..end]
        .split(|char: char| !(char.is_alphanumeric() || char == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::split::split;

    fn first(text: &str) -> RawStatement {
        split(text).statements.remove(0)
    }

    #[test]
    fn statements_are_classed_by_their_first_words() {
        assert!(NOISE.is_sorted());
        let check =
            |text: &str, class: StatementClass| assert_eq!(classify(&first(text), text, false), class, "{text}");
        check("CREATE TABLE t (a int)", StatementClass::Schema);
        check("DO $$ BEGIN END $$", StatementClass::Schema);
        check("comment on table t is 'x'", StatementClass::Schema);
        check("SELECT 1", StatementClass::Query);
        check("SELECT pg_catalog.set_config('search_path', '', false)", StatementClass::Schema);
        check("SET search_path = app, public", StatementClass::Schema);
        check("SET statement_timeout = 0", StatementClass::Noise);
        check("select setval('s', 1)", StatementClass::Noise);
        check("(SELECT 1) UNION (SELECT 2)", StatementClass::Query);
        check("INSERT INTO t VALUES (1, 'x')", StatementClass::Data);
        check("INSERT INTO t VALUES ($1)", StatementClass::Query);
        check("INSERT INTO t SELECT * FROM u", StatementClass::Query);
        check("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", StatementClass::Query);
        check("COPY t FROM stdin", StatementClass::Data);
        check("TABLE t", StatementClass::Query);
        check("EXPLAIN (COSTS OFF) EXECUTE prepared(1)", StatementClass::Noise);
        check("EXPLAIN CREATE TABLE t AS SELECT 1", StatementClass::Noise);
        check("EXPLAIN :options UPDATE t SET a = 1", StatementClass::Query);
        check("MOVE 3 FROM a_cursor", StatementClass::Noise);
        check("BEGIN", StatementClass::Noise);
        check("PRAGMA foreign_keys = ON", StatementClass::Noise);
        check("Lorem ipsum", StatementClass::Unknown);
        let named = "INSERT INTO t VALUES (1)";
        assert_eq!(classify(&first(named), named, true), StatementClass::Query);
    }

    #[test]
    fn an_explained_query_is_that_query() {
        let check = |text: &str, query: &str| assert_eq!(&text[explain_prefix(&first(text), text) as usize..], query);
        check("EXPLAIN SELECT 1", "SELECT 1");
        check("explain (analyze, buffers) select 1", "select 1");
        check("EXPLAIN ANALYZE VERBOSE SELECT 1", "SELECT 1");
        check("EXPLAIN QUERY PLAN SELECT 1", "SELECT 1");
        check("EXPLAIN FORMAT=JSON SELECT 1", "SELECT 1");
        check("EXPLAIN (SELECT 1)", "(SELECT 1)");
        check("EXPLAIN :options\nSELECT 1", "SELECT 1");
        check("SELECT 1", "SELECT 1");
    }

    #[test]
    fn what_lasts_in_the_schema_is_counted() {
        assert!(creates_table("CREATE TABLE t (a int)"));
        assert!(creates_table("create unlogged table if not exists t"));
        assert!(!creates_table("CREATE TEMP TABLE t (a int)"));
        assert!(!creates_table("CREATE INDEX i ON table_a (a)"));
        assert!(changes_schema("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)"));
        assert!(changes_schema("ALTER TABLE t ADD a int"));
        assert!(changes_schema("CREATE OR REPLACE VIEW v AS SELECT 1"));
        assert!(!changes_schema("CREATE FUNCTION f() RETURNS TABLE (a int)"));
        assert!(!changes_schema("COMMENT ON TABLE t IS 'x'"));
    }
}
