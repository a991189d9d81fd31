//! What came to no end while it was planned, and what would come to none for the same reason.
//!
//! A planner runs IMMUTABLE functions. Each statement that calls one which takes too long would cost the whole limit
//! of time again, in every trial; so it is not asked again, nor is another one that calls the same function.

use std::collections::{BTreeMap, HashSet};

use crate::scratch::postgres::session::SqlError;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Slow {
    statements: HashSet<String>,
    /// By the name that a statement has, what the server calls it.
    functions: BTreeMap<String, String>,
}

impl Slow {
    /// Notes a statement that ran out of time, and the functions it was in by then.
    pub(super) fn note(&mut self, statement: &str, error: &SqlError) {
        self.statements.insert(statement.to_owned());
        let context = error.context.as_deref().unwrap_or_default();
        self.functions.extend(context.lines().filter_map(function).map(|known| (bare(known), known.to_owned())));
    }

    /// Why a statement need not be asked.
    pub(super) fn why(&self, statement: &str) -> Option<String> {
        let called = self.functions.iter().find(|(name, _)| calls(statement, name));
        let called = called.map(|(_, known)| format!("it calls `{known}`, which came to no end before"));
        called.or_else(|| self.statements.contains(statement).then(|| "it came to no end before".to_owned()))
    }
}

/// The function that a line of an error's context speaks of: `PL/pgSQL function slow(integer) line 1 at PERFORM`,
/// `SQL function "slow" statement 1`.
fn function(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(" function ")?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').map(|(name, _)| name),
        None => rest.find(')').map(|end| &rest[..=end]),
    }
}

/// The name alone, without its schema and arguments.
fn bare(known: &str) -> String {
    let name = known.split('(').next().unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned()
}

/// Says whether a statement calls a function of this name, of any schema.
fn calls(statement: &str, name: &str) -> bool {
    let (text, name) = (statement.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let is_call = |at: usize| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_part) && after.trim_start_matches('"').trim_start().starts_with('(')
    };
    !name.is_empty() && text.match_indices(&name).any(|(at, _)| is_call(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_was_slow_is_not_called_again() {
        let check = |context: &str, statement: &str, expect: Option<&str>| {
            let mut slow = Slow::default();
            let error = SqlError { context: Some(context.into()), ..SqlError::new("57014", "out of time") };
            slow.note("SELECT 1", &error);
            assert_eq!(slow.why("SELECT 1").as_deref(), Some("it came to no end before"));
            assert_eq!(slow.why(statement).as_deref(), expect, "{context}");
        };
        let plpgsql = "SQL statement \"SELECT pg_sleep(60)\"\nPL/pgSQL function app.slow(integer) line 1 at PERFORM";
        let called = Some("it calls `app.slow(integer)`, which came to no end before");
        check(plpgsql, "SELECT app.slow(1)", called);
        check(plpgsql, "SELECT Slow (1)", called);
        check(plpgsql, "SELECT \"slow\"(1)", called);
        check(plpgsql, "SELECT slower(1), not_slow(1), t.slow", None);
        let sql = "SQL function \"slow\" during startup";
        check(sql, "SELECT slow(2)", Some("it calls `slow`, which came to no end before"));
        check("", "SELECT slow(2)", None);
    }
}
