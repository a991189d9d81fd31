//! One question to the planner: a generic plan of a statement, and what to try where a parameter's type cannot be told.
//!
//! Parameters stay unknown: planned with NULL in place of `$1` a query folds away, and the plan looks perfect. PREPARE
//! under `plan_cache_mode = force_generic_plan` does so in every version. Knows text and the server's words, no server.

use std::collections::BTreeMap;

use super::session::SqlError;
use crate::engine::{EngineQuery, Refusal};
use crate::stats::Origin;

/// What a session is told before it plans.
pub(super) const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off";

/// What shows which index can serve a query where the tables are empty: nothing else is left to do.
pub(super) const PROBE: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
                                SET max_parallel_workers_per_gather = 0";

/// Settings of production's that a planner of ours takes over, beside those that switch a kind of step off.
const STEERING: &[&str] = &[
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "default_statistics_target",
    "effective_cache_size",
    "effective_io_concurrency",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "hash_mem_multiplier",
    "join_collapse_limit",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "random_page_cost",
    "seq_page_cost",
    "work_mem",
];

/// What a session is told to plan as production does; a statement of a setting that this version lacks fails alone.
pub(super) fn as_in(production: &Origin) -> Vec<String> {
    let is_switch = |name: &str| {
        name.strip_prefix("enable_")
            .is_some_and(|rest| rest.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()))
    };
    let known = production.settings.iter().filter(|(name, _)| STEERING.contains(&name.as_str()) || is_switch(name));
    known.map(|(name, value)| format!("SET {name} = '{}'", value.replace('\'', "''"))).collect()
}

/// Types to try for a parameter whose type PostgreSQL cannot tell, the likeliest first.
const LADDER: &[&str] = &["text", "interval", "timestamptz", "bigint", "jsonb", "text[]"];

/// How often a query is asked with other types.
const TRIES: u32 = 12;

/// A query, and the types that its parameters are taken to have.
pub(super) struct Question<'a> {
    query: &'a EngineQuery,
    /// By parameter, from 1: the SQL that stands in its place.
    literals: BTreeMap<u16, String>,
    /// By parameter, from 1: the type, where PostgreSQL is not to find one by itself.
    types: BTreeMap<u16, String>,
    /// By parameter: how many of the ladder were tried.
    rungs: BTreeMap<u16, usize>,
    tries: u32,
    /// What the server said first, to types that were all its own.
    first: Option<SqlError>,
}

impl<'a> Question<'a> {
    /// A query, with what is known of its parameters' types.
    pub(super) fn new(query: &'a EngineQuery, types: BTreeMap<u16, String>, literals: BTreeMap<u16, String>) -> Self {
        Self { query, literals, types, rungs: BTreeMap::new(), tries: 0, first: None }
    }

    /// What the server says of it, after all that was tried: what it said first.
    pub(super) fn refusal(self, last: SqlError) -> Refusal {
        Refusal(self.first.unwrap_or(last).to_string())
    }

    /// The types that it was asked with, if some had to be found.
    pub(super) fn learnt(self) -> Option<BTreeMap<u16, String>> {
        (self.tries > 0).then_some(self.types)
    }

    /// The statements that ask it, which leave nothing behind that matters.
    pub(super) fn sql(&self) -> String {
        self.asked("EXPLAIN (FORMAT JSON)")
    }

    /// The same for people to read.
    pub(super) fn script(&self) -> String {
        self.asked("EXPLAIN") + ";"
    }

    fn asked(&self, explain: &str) -> String {
        let Self { query: EngineQuery { sql, parameters, .. }, types, literals, .. } = self;
        let list = |each: &dyn Fn(u16) -> String| match parameters {
            0 => String::new(),
            count => format!("({})", (1..=*count).map(each).collect::<Vec<_>>().join(", ")),
        };
        // A parameter that stands nowhere has no type that could be told.
        let unknown = |number| if literals.contains_key(&number) { "text" } else { "unknown" };
        let types = list(&|number| types.get(&number).map_or(unknown(number), String::as_str).to_owned());
        let sql = with_literals(sql, literals);
        let values = list(&|_| "NULL".to_owned());
        // A prepared statement outlives the transaction that failed.
        format!("DEALLOCATE ALL; PREPARE asked{types} AS {sql}; {explain} EXECUTE asked{values}")
    }

    /// Changes a type as the server's words suggest; says whether it is worth asking again.
    pub(super) fn learn(&mut self, error: &SqlError) -> bool {
        self.tries += 1;
        self.first.get_or_insert_with(|| error.clone());
        if self.tries > TRIES {
            return false;
        }
        match error.code.as_str() {
            // `inconsistent types deduced for parameter $1`: `integer versus text`
            "42P08" if error.detail.is_some() => self.widen(error),
            // `could not determine data type of parameter $1`; no or no single operator or function for these types.
            "42P08" | "42P18" | "42883" | "42725" | "42804" | "42846" => self.climb(error),
            _ => false,
        }
    }

    fn widen(&mut self, error: &SqlError) -> bool {
        let both = error.detail.as_deref().and_then(|detail| detail.trim_end_matches('.').split_once(" versus "));
        let (Some(number), Some((one, other))) = (named(&error.message), both) else { return false };
        let other = if self.types.get(&number).is_some_and(|known| known == other) { one } else { other };
        self.types.insert(number, other.to_owned()).is_none_or(|before| before != other)
    }

    fn climb(&mut self, error: &SqlError) -> bool {
        let Some(number) = named(&error.message).or_else(|| self.nearest(error.position?)) else { return false };
        let current = self.types.get(&number).map(String::as_str);
        if let Some(wanted) = current.and_then(|current| wanted_type(&error.message, current)) {
            let wanted = wanted.to_owned();
            return self.types.insert(number, wanted.clone()).is_none_or(|before| before != wanted);
        }
        let rung = self.rungs.entry(number).or_default();
        let Some(next) = LADDER.get(*rung) else { return false };
        *rung += 1;
        self.types.insert(number, (*next).to_owned());
        true
    }

    /// The parameter that stands nearest to a place (in letters, from 1) of the statements.
    fn nearest(&self, position: u32) -> Option<u16> {
        let asked = self.sql();
        let sql = with_literals(&self.query.sql, &self.literals);
        let (before, _) = asked.split_once(&sql)?;
        let offset = (position as usize).saturating_sub(1 + before.chars().count());
        let letters: Vec<char> = sql.chars().collect();
        let places = letters.iter().enumerate().filter(|(_, letter)| **letter == '$');
        let parameters = places.filter_map(|(at, _)| {
            let digits: String = letters[at + 1..].iter().take_while(|letter| letter.is_ascii_digit()).collect();
            Some((at.abs_diff(offset), digits.parse().ok()?))
        });
        parameters.min().map(|(_, number)| number)
    }
}

/// Puts literals in the place of parameters, outside of strings.
fn with_literals(sql: &str, literals: &BTreeMap<u16, String>) -> String {
    if literals.is_empty() {
        return sql.to_owned();
    }
    let mut text = String::with_capacity(sql.len());
    // Within quotes are the pieces of odd number; a doubled quote opens what it has closed.
    for (number, piece) in sql.split('\'').enumerate() {
        if number > 0 {
            text.push('\'');
        }
        if number % 2 == 1 {
            text.push_str(piece);
            continue;
        }
        let mut parts = piece.split('$');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            match part[..end].parse().ok().and_then(|number: u16| literals.get(&number)) {
                Some(literal) => text.push_str(&format!("{literal}{}", &part[end..])),
                None => text.push_str(&format!("${part}")),
            }
        }
    }
    text
}

/// The type that a value of the type `current` should have had: `operator does not exist: uuid = text`.
fn wanted_type<'m>(message: &'m str, current: &str) -> Option<&'m str> {
    if let Some(operator) = message.strip_prefix("operator does not exist: ") {
        let left = operator
            .strip_suffix(current)
            .and_then(|rest| rest.strip_suffix(' '))
            .and_then(|rest| rest.rsplit_once(' '));
        let right = || operator.strip_prefix(current)?.strip_prefix(' ')?.split_once(' ');
        return left
            .map(|(left, _)| left)
            .or_else(|| right().map(|(_, right)| right))
            .filter(|other| *other != current);
    }
    let (_, rest) = message.split_once(" is of type ")?;
    rest.split_once(" but expression is of type ").filter(|(_, given)| *given == current).map(|(wanted, _)| wanted)
}

/// The parameter that an error names.
fn named(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("parameter $")?;
    rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(sql: &str, parameters: u16) -> EngineQuery {
        EngineQuery { sql: sql.to_owned(), parameters, ..EngineQuery::unasked() }
    }

    fn error(code: &str, message: &str, position: Option<u32>) -> SqlError {
        let message = message.to_owned();
        SqlError { code: code.to_owned(), message, detail: None, hint: None, context: None, position }
    }

    #[test]
    fn a_question_leaves_parameters_unknown_but_for_the_bounds_of_ranges() {
        let check = |sql: &str, parameters: u16, literals: &[(u16, &str)], expect: &str| {
            let query = query(sql, parameters);
            let literals = literals.iter().map(|(number, value)| (*number, (*value).to_owned())).collect();
            let asked = Question::new(&query, BTreeMap::new(), literals).sql();
            assert_eq!(asked, format!("DEALLOCATE ALL; {expect}"));
        };
        check("SELECT 1", 0, &[], "PREPARE asked AS SELECT 1; EXPLAIN (FORMAT JSON) EXECUTE asked");
        check(
            "SELECT $1, $2",
            2,
            &[],
            "PREPARE asked(unknown, unknown) AS SELECT $1, $2; EXPLAIN (FORMAT JSON) EXECUTE asked(NULL, NULL)",
        );
        check(
            "SELECT $1 > $2, '$2', $20",
            2,
            &[(2, "'it''s'")],
            "PREPARE asked(unknown, text) AS SELECT $1 > 'it''s', '$2', $20; EXPLAIN (FORMAT JSON) EXECUTE asked(NULL, NULL)",
        );
    }

    #[test]
    fn types_are_learnt_from_what_the_server_says() {
        let check = |said: &[(&str, &str)], expect: Option<&str>| {
            let query = query("SELECT $1", 1);
            let mut question = Question::new(&query, BTreeMap::new(), BTreeMap::new());
            let learns = said.iter().all(|(code, message)| question.learn(&error(code, message, Some(70))));
            let found = question.learnt().and_then(|types| types.get(&1).cloned()).filter(|_| learns);
            assert_eq!(found.as_deref(), expect, "{said:?}");
        };
        let unknown = ("42P18", "could not determine data type of parameter $1");
        check(&[unknown], Some("text"));
        check(&[("42P08", "could not determine data type of parameter $1")], Some("text"));
        check(&[unknown, ("42883", "operator does not exist: uuid = text")], Some("uuid"));
        check(
            &[unknown, ("42883", "operator does not exist: text <= timestamp with time zone")],
            Some("timestamp with time zone"),
        );
        check(&[unknown, ("42804", "column \"a\" is of type jsonb but expression is of type text")], Some("jsonb"));
        check(&[("42725", "operator is not unique: unknown + unknown")], Some("text"));
        check(&[("42P01", "relation \"a\" does not exist")], None);
    }
}
