//! What a DDL statement would do, read from its words: whether the server gets it, and as what.
//!
//! Only schema statements of known kinds are sent; none that runs a query, a function or a block, and none about what
//! belongs to a whole server (roles, tablespaces, publications) or to rows (triggers, policies).

use crate::sql::scan::{self, Comments};

/// What becomes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It is sent, and sent again when what it needs may have come.
    Send(String),
    /// It is sent once, and again only when what it drops was made late.
    Drop(String),
    /// It says where unqualified names live.
    Path(String),
    /// It asks for an extension, in a schema if one is named.
    Extension(String, Option<String>),
    /// It says nothing of what a planner looks at.
    Pass,
}

/// Objects that the server gets statements about.
const KINDS: &[&str] = &[
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "DOMAIN",
    "FUNCTION",
    "INDEX",
    "OPERATOR",
    "PROCEDURE",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "STATISTICS",
    "TABLE",
    "TEXT",
    "TYPE",
    "VIEW",
];
/// Words between the verb and the object.
const MODIFIERS: &[&str] = &["OR", "REPLACE", "UNIQUE", "UNLOGGED", "MATERIALIZED", "RECURSIVE"];

/// Reads a statement.
pub(super) fn read(sql: &str) -> Deed {
    let words: Vec<Word<'_>> = Words { sql, at: 0, depth: 0, comments: Comments::default() }.collect();
    let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.is(word));
    match words.first() {
        Some(first) if first.is("CREATE") => create(sql, &words),
        Some(first) if first.is("ALTER") && !is_beside(&words) && is_known(&words) => Deed::Send(sql.to_owned()),
        Some(first) if first.is("DROP") && is_known(&words) => Deed::Drop(sql.to_owned()),
        Some(first) if first.is("SET") => {
            let path = if is(1, "LOCAL") || is(1, "SESSION") { 2 } else { 1 };
            // Without a transaction around it, LOCAL would do nothing.
            let rest = words.get(path).filter(|word| word.is("SEARCH_PATH"));
            rest.map_or(Deed::Pass, |word| Deed::Path(format!("SET {}", &sql[word.start..])))
        }
        Some(first) if first.is("SELECT") => set_config(sql).map_or(Deed::Pass, Deed::Path),
        _ => Deed::Pass,
    }
}

fn create(sql: &str, words: &[Word<'_>]) -> Deed {
    let outer = |word: &str| words.iter().find(|found| found.depth == 0 && found.is(word));
    if words.get(1).is_some_and(|word| word.is("EXTENSION")) {
        return extension(words);
    }
    if !is_known(words) {
        return Deed::Pass;
    }
    let object = object(words).map_or("", |word| word.text);
    if object.eq_ignore_ascii_case("SCHEMA")
        && let Some(owner) = outer("AUTHORIZATION")
    {
        // The role is not there; without a name of its own the schema has the role's.
        let named = words.iter().position(|word| std::ptr::eq(word, owner)).is_some_and(|at| at > 2);
        let text = if named { sql[..owner.start].to_owned() } else { sql.replacen(owner.text, "", 1) };
        return Deed::Send(text);
    }
    let is_filled = ["TABLE", "VIEW"].iter().any(|kind| object.eq_ignore_ascii_case(kind));
    let is_kept = object.eq_ignore_ascii_case("VIEW") && outer("MATERIALIZED").is_none();
    if is_filled && !is_kept && asks(words) {
        return Deed::Send(without_data(sql, words));
    }
    Deed::Send(sql.to_owned())
}

/// Says whether rows would be asked for: `CREATE TABLE … AS SELECT`.
fn asks(words: &[Word<'_>]) -> bool {
    let outer: Vec<&Word<'_>> = words.iter().filter(|word| word.depth == 0).collect();
    let verbs = ["SELECT", "WITH", "VALUES", "TABLE", "EXECUTE", "("];
    outer.windows(2).any(|pair| pair[0].is("AS") && verbs.iter().any(|verb| pair[1].is(verb)))
}

fn without_data(sql: &str, words: &[Word<'_>]) -> String {
    match words {
        [.., no, data] if no.is("NO") && data.is("DATA") => sql.to_owned(),
        [.., with, data] if with.is("WITH") && data.is("DATA") => format!("{} WITH NO DATA", &sql[..with.start]),
        // On a line of its own: a comment may end the text.
        _ => format!("{sql}\nWITH NO DATA"),
    }
}

fn extension(words: &[Word<'_>]) -> Deed {
    let mut rest = words[2..].iter().skip_while(|word| ["IF", "NOT", "EXISTS"].iter().any(|skip| word.is(skip)));
    let Some(name) = rest.next() else { return Deed::Pass };
    let schema = rest.skip_while(|word| !word.is("SCHEMA")).nth(1);
    Deed::Extension(name.unquoted(), schema.map(Word::unquoted))
}

/// The word that names what a statement is about.
fn object<'a, 'b>(words: &'b [Word<'a>]) -> Option<&'b Word<'a>> {
    words.iter().skip(1).find(|word| !MODIFIERS.iter().any(|modifier| word.is(modifier)))
}

fn is_known(words: &[Word<'_>]) -> bool {
    // `CREATE FOREIGN DATA WRAPPER`, `CREATE TEMP TABLE`: another word than a kind follows.
    object(words).is_some_and(|word| KINDS.iter().any(|kind| word.is(kind)))
}

/// Says whether a statement is about what holds values: a table, or a type made of other types.
pub(super) fn is_about_values(sql: &str) -> bool {
    let words: Vec<Word<'_>> = Words { sql, at: 0, depth: 0, comments: Comments::default() }.collect();
    object(&words).is_some_and(|word| ["TABLE", "TYPE", "DOMAIN"].iter().any(|kind| word.is(kind)))
}

/// Says whether an `ALTER` is about who owns something, or whether triggers fire.
fn is_beside(words: &[Word<'_>]) -> bool {
    let beside = [("OWNER", "TO"), ("DISABLE", "TRIGGER"), ("ENABLE", "TRIGGER")];
    let outer =
        |pair: &[Word<'_>], (one, other): (&str, &str)| pair[0].depth == 0 && pair[0].is(one) && pair[1].is(other);
    words.windows(2).any(|pair| beside.iter().any(|words| outer(pair, *words)))
}

/// A dump's `SELECT pg_catalog.set_config('search_path', …)`, if nothing else is called in it.
fn set_config(sql: &str) -> Option<String> {
    let lower = sql.to_ascii_lowercase();
    let (head, arguments) = lower.split_once('(')?;
    let plain = !arguments.contains('(') && arguments.contains("search_path");
    let named = head.trim_end().trim_end_matches("set_config").trim_end_matches("pg_catalog.");
    let alone = named.trim() == "select" && head.contains("set_config") && arguments.trim_end().ends_with(')');
    (plain && alone).then(|| sql.to_owned())
}

/// A word, a quoted name, or one other character.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    start: usize,
    /// How many parentheses are open around it.
    depth: usize,
}

impl Word<'_> {
    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn unquoted(&self) -> String {
        match self.text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inner) => inner.replace("\"\"", "\""),
            None => self.text.trim_matches('\'').to_lowercase(),
        }
    }
}

/// The words of a text; strings are one word each.
struct Words<'a> {
    sql: &'a str,
    at: usize,
    depth: usize,
    comments: Comments,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let bytes = self.sql.as_bytes();
        let start = loop {
            let byte = *bytes.get(self.at)?;
            if byte.is_ascii_whitespace() {
                self.at += 1;
            } else if bytes[self.at..].starts_with(b"--") {
                self.at = scan::line_comment(bytes, self.at);
            } else if let Some(end) = bytes[self.at..].starts_with(b"/*").then(|| self.comments.end(bytes, self.at)) {
                self.at = end.unwrap_or(bytes.len());
            } else {
                break self.at;
            }
        };
        let byte = bytes[start];
        let quoted = || scan::quoted(bytes, start, scan::escapes_of_string(bytes, start));
        let end = match byte {
            b'\'' | b'"' => quoted().unwrap_or(bytes.len()),
            b'$' => scan::dollar_tag(bytes, start)
                .map_or(start + 1, |tag| scan::dollar_quoted(bytes, start, tag).unwrap_or(bytes.len())),
            _ if scan::is_name_start(byte) => scan::name(bytes, start),
            _ => start + self.sql[start..].chars().next().map_or(1, char::len_utf8),
        };
        self.at = end;
        let depth = self.depth;
        match byte {
            b'(' => self.depth += 1,
            b')' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Some(Word { text: &self.sql[start..end], start, depth })
    }
}

/// Says whether a text holds a name as a whole word, in any case.
pub(super) fn mentions(sql: &str, name: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let (text, name) = (sql.to_ascii_lowercase(), name.to_ascii_lowercase());
    let whole = |at: usize| {
        let before = text[..at].chars().next_back().is_some_and(is_part);
        let after = text[at + name.len()..].chars().next().is_some_and(is_part);
        !before && !after
    };
    !name.is_empty() && text.match_indices(&name).any(|(at, _)| whole(at))
}

/// Says whether a text, or a block in it, makes a type of this name: a table's rows are one as well.
pub(super) fn makes(sql: &str, name: &str) -> bool {
    let (text, name) = (sql.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let made = |at: usize| {
        let after = &text[at + name.len()..];
        let before = text[..at].trim_end_matches('"');
        // `schema.name`
        let schema = |rest: &'_ str| rest.trim_end_matches(|char| is_part(char) || char == '"').len();
        let before = before.strip_suffix('.').map_or(before, |rest| &before[..schema(rest)]);
        let mut words = before.split_whitespace().rev().skip_while(|word| ["if", "not", "exists"].contains(word));
        let kinds = ["type", "domain", "table", "view", "to"];
        let is_kind = before.ends_with(char::is_whitespace) && words.next().is_some_and(|word| kinds.contains(&word));
        let verbs = ["create", "replace", "unlogged", "materialized", "rename"];
        is_kind && words.next().is_some_and(|word| verbs.contains(&word)) && !after.starts_with(is_part)
    };
    !name.is_empty() && text.match_indices(&name).any(|(at, _)| made(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_schema_statements_of_known_kinds_are_sent() {
        let sent = |sql: &str| assert_eq!(read(sql), Deed::Send(sql.to_owned()), "{sql}");
        let check = |sql: &str, deed: Deed| assert_eq!(read(sql), deed, "{sql}");
        let send = |text: &str| Deed::Send(text.to_owned());
        sent("CREATE TABLE t (a int DEFAULT (1))");
        sent("-- comment\ncreate unlogged table if not exists t (a int)");
        sent("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)");
        sent("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        sent("ALTER TABLE t ADD COLUMN a int");
        sent("CREATE VIEW v AS SELECT 1");
        sent("CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)");
        check("DROP TABLE t", Deed::Drop("DROP TABLE t".to_owned()));
        check("CREATE TABLE t AS SELECT 1 AS a", send("CREATE TABLE t AS SELECT 1 AS a\nWITH NO DATA"));
        check("CREATE TABLE t (a) AS (SELECT 1)", send("CREATE TABLE t (a) AS (SELECT 1)\nWITH NO DATA"));
        check(
            "CREATE MATERIALIZED VIEW v AS SELECT 1 WITH DATA",
            send("CREATE MATERIALIZED VIEW v AS SELECT 1  WITH NO DATA"),
        );
        sent("CREATE MATERIALIZED VIEW v AS SELECT 1 WITH NO DATA");
        sent("CREATE TABLE t (a int GENERATED ALWAYS AS (1 + 1) STORED)");
        check("CREATE SCHEMA app AUTHORIZATION bob", send("CREATE SCHEMA app "));
        check("CREATE SCHEMA AUTHORIZATION bob", send("CREATE SCHEMA  bob"));
        for passed in [
            "ALTER TABLE t OWNER TO bob",
            "ALTER TABLE t DISABLE TRIGGER ALL",
            "ALTER DEFAULT PRIVILEGES FOR ROLE bob GRANT SELECT ON TABLES TO eve",
            "ALTER SYSTEM SET archive_command = 'x'",
            "ALTER ROLE planner SUPERUSER",
            "CREATE ROLE bob",
            "CREATE DATABASE d",
            "CREATE TEMP TABLE t (a int)",
            "CREATE TRIGGER t BEFORE INSERT ON t EXECUTE FUNCTION f()",
            "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()",
            "CREATE FOREIGN DATA WRAPPER w",
            "CREATE FOREIGN TABLE t (a int) SERVER s",
            "ALTER FOREIGN TABLE t ADD b int",
            "CREATE PUBLICATION p FOR ALL TABLES",
            "CREATE LANGUAGE plpython3u",
            "COMMENT ON TABLE t IS 'x'",
            "DO $$ BEGIN EXECUTE 'CREATE TABLE t ()'; END $$",
            "SET ROLE planlint",
            "SET SESSION AUTHORIZATION planlint",
            "SELECT set_config('search_path', evil(), false)",
            "SELECT evil(), set_config('search_path', '', false)",
            "INSERT INTO t VALUES (1)",
            "COPY t FROM PROGRAM 'id'",
        ] {
            check(passed, Deed::Pass);
        }
        check("SET LOCAL search_path TO app, public", Deed::Path("SET search_path TO app, public".to_owned()));
        let config = "SELECT pg_catalog.set_config('search_path', '', false)";
        check(config, Deed::Path(config.to_owned()));
        check(
            "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA ext",
            Deed::Extension("uuid-ossp".to_owned(), Some("ext".to_owned())),
        );
        check("create extension Citext", Deed::Extension("citext".to_owned(), None));
    }

    #[test]
    fn what_holds_values_is_told_from_what_looks_at_them() {
        let check = |sql: &str, expect: bool| assert_eq!(is_about_values(sql), expect, "{sql}");
        check("create unlogged table t (a vector(3))", true);
        check("ALTER TABLE t ADD a vector(3)", true);
        check("CREATE DOMAIN place AS geometry", true);
        check("CREATE TYPE place AS (at geometry)", true);
        check("CREATE FUNCTION f() RETURNS TABLE (a vector) LANGUAGE sql AS ''", false);
        check("CREATE VIEW v AS TABLE t", false);
    }

    #[test]
    fn what_makes_a_type_is_told_from_what_uses_it() {
        let check = |sql: &str, expect: bool| assert_eq!(makes(sql, "Vector"), expect, "{sql}");
        check("CREATE TYPE \"Vector\" AS ENUM ('a')", true);
        check("CREATE DOMAIN app.vector AS text", true);
        check("CREATE DOMAIN \"my app\".\"Vector\" AS text", false);
        check("create table if not exists \"app\".\"vector\" (id int)", true);
        check("DO $$ BEGIN CREATE TYPE vector AS (a int); END $$", true);
        check("ALTER TYPE old RENAME TO vector", true);
        check("CREATE TABLE vectors (vector vector(3))", false);
        check("ALTER TABLE t ALTER COLUMN a TYPE vector(3)", false);
        check("ALTER TABLE t ADD COLUMN IF NOT EXISTS vector vector(3)", false);
        check("CREATE EXTENSION vector", false);
        check("DROP TABLE vector", false);
    }

    #[test]
    fn names_are_met_as_whole_words() {
        assert!(mentions("DROP TABLE public.\"Users\"", "users"));
        assert!(!mentions("DROP TABLE users_old", "users"));
    }
}
