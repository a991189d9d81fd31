//! Which fraction of a table's rows meets a condition.
//!
//! Constants and parameters are treated alike: no histogram of the real data is known, so a range is taken to hold what
//! the parameter policy of `docs/statistics.md` says. Conditions are independent of each other, as in PostgreSQL.

use crate::expr::{Expr, Op};
use crate::name::Ident;
use crate::query::{AccessPattern, Bound, Disjunction, Predicate, PredicateOp, Value};
use crate::stats::{ColumnRole, ColumnStats, TableStats};

/// Members of a list of unknown length.
const LIST: f64 = 5.0;
/// Distinct values of an expression that nothing is known of (`DEFAULT_NUM_DISTINCT`).
const DISTINCT: f64 = 200.0;
/// A pattern match (`DEFAULT_MATCH_SEL`).
const MATCH: f64 = 0.005;
/// Containment and other operators (`contsel`).
const CONTAINS: f64 = 0.001;
/// An inequality of which nothing is known (`DEFAULT_INEQ_SEL`).
const INEQUALITY: f64 = 1.0 / 3.0;
/// A window of time: `> $1` looks at what is recent, and two-sided ones are short.
const TIME_WINDOW: f64 = 0.05;
/// `< $1` on a time that is due, and on any other.
const DUE: f64 = 0.05;
const TIME_BEFORE: f64 = 0.33;
/// Two-sided and one-sided ranges of numbers and text.
const NUMBER_BETWEEN: f64 = 0.10;
const NUMBER_BEYOND: f64 = 0.33;

/// The fraction of rows that meets a predicate; one behind a run-time switch may be off, so all do.
pub fn selectivity(predicate: &Predicate, stats: Option<&TableStats>) -> f64 {
    if predicate.optional {
        return 1.0;
    }
    let column = Key::of(&predicate.key, stats);
    let fraction = match predicate.op {
        PredicateOp::Eq => 1.0 / column.distinct * column.known,
        PredicateOp::In => (members(&predicate.value) / column.distinct).min(1.0) * column.known,
        PredicateOp::Range(bound) => column.range(bound),
        PredicateOp::Prefix => MATCH * column.known,
        PredicateOp::Null => 1.0 - column.known,
        PredicateOp::NotNull => column.known,
        PredicateOp::Other => condition_selectivity(&predicate.condition, stats),
    };
    fraction.clamp(0.0, 1.0)
}

/// The fraction of rows that meets all of a reference's conditions, joins left out.
pub fn access_selectivity(access: &AccessPattern, stats: Option<&TableStats>) -> f64 {
    all(&access.predicates, stats) * access.disjunctions.iter().map(|or| disjunction(or, stats)).product::<f64>()
}

/// The fraction of rows that meets every predicate; two ranges on one key are one range.
pub(super) fn all(predicates: &[Predicate], stats: Option<&TableStats>) -> f64 {
    (0..predicates.len()).map(|at| nth(predicates, at, stats)).product()
}

/// What the predicate at a position contributes: the second bound of a range contributes what the first left open.
pub(super) fn nth(predicates: &[Predicate], at: usize, stats: Option<&TableStats>) -> f64 {
    let predicate = &predicates[at];
    let alone = selectivity(predicate, stats);
    let PredicateOp::Range(bound) = predicate.op else { return alone };
    if predicate.optional {
        return alone;
    }
    let earlier = predicates[..at].iter().find(|other| {
        !other.optional
            && other.key == predicate.key
            && matches!(
                (other.op, bound),
                (PredicateOp::Range(Bound::Lower), Bound::Upper) | (PredicateOp::Range(Bound::Upper), Bound::Lower)
            )
    });
    match earlier {
        Some(earlier) => {
            let both = Key::of(&predicate.key, stats).range(Bound::Both);
            (both / selectivity(earlier, stats).max(f64::MIN_POSITIVE)).min(1.0)
        }
        None => alone,
    }
}

/// The fraction of rows that meets some branch.
pub(super) fn disjunction(or: &Disjunction, stats: Option<&TableStats>) -> f64 {
    1.0 - or.branches.iter().map(|branch| 1.0 - all(branch, stats)).product::<f64>()
}

/// How many values a list holds.
pub(super) fn members(value: &Value) -> f64 {
    match value {
        Value::Literals(literals) => literals.len().max(1) as f64,
        Value::Param | Value::Subquery => LIST,
    }
}

/// The fraction of rows with one value of a key.
pub(super) fn equal(key: &Expr, stats: Option<&TableStats>) -> f64 {
    let key = Key::of(key, stats);
    key.known / key.distinct
}

/// The fraction of rows within bounds on a key.
pub(super) fn range(key: &Expr, bound: Bound, stats: Option<&TableStats>) -> f64 {
    Key::of(key, stats).range(bound)
}

/// Distinct values of a key and the fraction of rows where it is not NULL.
pub fn distinct(key: &Expr, stats: Option<&TableStats>) -> (f64, f64) {
    let key = Key::of(key, stats);
    (key.distinct, key.known)
}

/// The fraction of rows that meets any condition, such as an index's predicate.
pub fn condition_selectivity(condition: &Expr, stats: Option<&TableStats>) -> f64 {
    let Expr::Op { op, operands } = condition else { return 0.5 };
    let key = operands.first().map_or(Key::UNKNOWN, |first| Key::of(first, stats));
    let constant = operands.iter().skip(1).all(Expr::is_constant);
    let listed = || match &operands[1..] {
        [Expr::Param] => LIST,
        values => values.len() as f64,
    };
    let fraction = match op {
        Op::And => operands.iter().map(|part| condition_selectivity(part, stats)).product(),
        Op::Or => 1.0 - operands.iter().map(|part| 1.0 - condition_selectivity(part, stats)).product::<f64>(),
        Op::Not => match &operands[0] {
            // A row with NULL meets neither a condition nor its negation.
            Expr::Op { op: Op::In | Op::Like | Op::ILike, operands: inner } => {
                let known = inner.first().map_or(1.0, |first| Key::of(first, stats).known);
                known - condition_selectivity(&operands[0], stats)
            }
            other => 1.0 - condition_selectivity(other, stats),
        },
        Op::Eq => key.known / key.distinct,
        Op::NotEq => key.known * (1.0 - 1.0 / key.distinct),
        Op::In => key.known * (listed() / key.distinct).min(1.0),
        Op::IsNull => 1.0 - key.known,
        Op::IsNotNull => key.known,
        Op::Lt | Op::LtEq if constant => key.range(Bound::Upper),
        Op::Gt | Op::GtEq if constant => key.range(Bound::Lower),
        Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => INEQUALITY,
        Op::Like | Op::ILike => MATCH * key.known,
        Op::Other(symbol) => match symbol.as_str() {
            "~" | "~*" | "REGEXP" | "RLIKE" | "GLOB" | "SIMILAR TO" => MATCH * key.known,
            symbol if symbol.starts_with("IS NOT") || symbol == "IS DISTINCT FROM" => 1.0 - 1.0 / key.distinct,
            symbol if symbol.starts_with("IS ") => 1.0 / key.distinct,
            _ => CONTAINS * key.known,
        },
        Op::Concat => 0.5,
    };
    fraction.clamp(0.0, 1.0)
}

/// Bytes of a key in an index.
pub(super) fn key_width(key: &Expr, stats: Option<&TableStats>) -> f64 {
    column_of(key).and_then(|column| stats?.columns.get(column)).map_or(16.0, |column| column.avg_width)
}

/// A key and what its column's statistics say of it.
#[derive(Clone, Copy)]
struct Key<'a> {
    /// At least 1.
    distinct: f64,
    /// The fraction of rows that are not NULL.
    known: f64,
    column: Option<(&'a Ident, &'a ColumnStats)>,
}

impl<'a> Key<'a> {
    const UNKNOWN: Self = Self { distinct: DISTINCT, known: 1.0, column: None };

    fn of(key: &'a Expr, stats: Option<&'a TableStats>) -> Self {
        let Some(name) = column_of(key) else { return Self::UNKNOWN };
        let Some(column) = stats.and_then(|stats| stats.columns.get(name)) else { return Self::UNKNOWN };
        let distinct = match key {
            // Days, months: fewer than the moments they are made of.
            Expr::Call { function, .. } if !KEEPS.contains(&function.as_str()) => column.n_distinct.min(1000.0),
            _ => column.n_distinct,
        };
        Self { distinct: distinct.max(1.0), known: 1.0 - column.null_fraction, column: Some((name, column)) }
    }

    fn range(&self, bound: Bound) -> f64 {
        let is_time = self.column.is_some_and(|(_, column)| column.role == ColumnRole::Time);
        let fraction = match bound {
            Bound::Lower | Bound::Both if is_time => TIME_WINDOW,
            Bound::Upper if self.column.is_some_and(|(name, _)| is_time && is_due(name)) => DUE,
            Bound::Upper if is_time => TIME_BEFORE,
            Bound::Both => NUMBER_BETWEEN,
            Bound::Lower | Bound::Upper => NUMBER_BEYOND,
        };
        // A range holds at least one of the values.
        fraction.max(1.0 / self.distinct) * self.known
    }
}

/// Functions whose results are as many as their arguments'.
const KEEPS: &[&str] = &["lower", "upper", "trim", "btrim", "ltrim", "rtrim", "md5", "coalesce"];

/// The one column that an expression is made of.
fn column_of(key: &Expr) -> Option<&Ident> {
    match key {
        Expr::Column(name) => Some(name),
        Expr::Cast { operand, .. } => column_of(operand),
        Expr::Call { args, .. } => args.iter().find_map(column_of),
        Expr::Opaque { columns, .. } if columns.len() == 1 => columns.first(),
        _ => None,
    }
}

/// Says whether a time is looked at when it has come (`next_run`, `scheduled_at`, `retry_after`): `< now()` selects the few
/// that are due.
pub fn is_due(name: &Ident) -> bool {
    let name = name.as_str().to_ascii_lowercase();
    ["next_", "scheduled", "due", "retry_", "run_at", "remind"].iter().any(|head| name.starts_with(head))
        || ["_after", "_due", "_run_at"].iter().any(|tail| name.ends_with(tail))
}
