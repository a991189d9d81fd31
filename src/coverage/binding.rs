//! How an access binds one key of an index: which predicates and joins compare it in a way the key answers.
//!
//! Knows operator classes and collations of the targets; knows nothing of the keys before or after.

use crate::catalog::{IndexDef, IndexKey};
use crate::dialect::{Dialect, Target};
use crate::expr::{Expr, Literal, Op};
use crate::name::Ident;
use crate::query::{Predicate, PredicateOp, Value};

use super::{Asked, Coverage, Joins, TermSet, WhyNot, restarts_block};

/// How a key is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bind {
    /// By one value.
    Equal,
    /// By a list of values.
    List,
    /// By a range or a prefix.
    Range,
    /// Not at all.
    Free,
}

/// A key's binding and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub how: Bind,
    /// Every predicate on the key that the index answers.
    pub predicates: TermSet,
    /// Those of them that are equalities or lists.
    pub equalities: TermSet,
    pub joins: TermSet,
    /// Bound by a join of the same block and by no predicate.
    pub by_join: bool,
    /// Bound by IS NULL.
    pub null: bool,
    /// Why a comparison of the key is not answered, if one is not.
    pub why: Option<WhyNot>,
}

/// Binds one key.
pub(super) fn bind(key: &IndexKey, asked: &Asked<'_>, target: &Target) -> Bound {
    let mut bound = Bound {
        how: Bind::Free,
        predicates: TermSet::default(),
        equalities: TermSet::default(),
        joins: TermSet::default(),
        by_join: false,
        null: false,
        why: None,
    };
    for (at, predicate) in asked.predicates() {
        bind_predicate(&mut bound, key, at, predicate, asked, target);
    }
    if asked.joins == Joins::Bound && bound.how != Bind::Equal {
        bind_joins(&mut bound, key, asked, target);
    }
    bound
}

fn bind_predicate(
    bound: &mut Bound,
    key: &IndexKey,
    at: usize,
    predicate: &Predicate,
    asked: &Asked<'_>,
    target: &Target,
) {
    if !compares(key, &predicate.key) {
        if bound.why.is_none() && is_wrapped(&key.expr, &predicate.key) && predicate.op != PredicateOp::Other {
            bound.why = Some(WhyNot::Expression);
        }
        return;
    }
    let op = if is_glob(&predicate.condition) { PredicateOp::Prefix } else { predicate.op };
    if let Err(why) = answers(key, predicate, op, asked, target) {
        bound.why = Some(why);
        return;
    }
    let how = match op {
        PredicateOp::Eq => Bind::Equal,
        PredicateOp::Null => {
            bound.null = true;
            Bind::Equal
        }
        PredicateOp::In => list_or_one(&predicate.value),
        PredicateOp::Range(_) | PredicateOp::Prefix => Bind::Range,
        // IS NOT NULL is checked within the index and narrows nothing worth a seek.
        PredicateOp::NotNull => Bind::Free,
        // PostgreSQL reads `NOT active` along an index on `active`.
        PredicateOp::Other if is_not_boolean(&predicate.condition, key) => Bind::Equal,
        PredicateOp::Other => return,
    };
    bound.predicates.insert(at);
    if matches!(how, Bind::Equal | Bind::List) {
        bound.equalities.insert(at);
    }
    bound.how = stronger(bound.how, how);
}

/// `NOT a`, in canonical form `a <> TRUE`, leaves one value.
fn is_not_boolean(condition: &Expr, key: &IndexKey) -> bool {
    match condition {
        Expr::Op { op: Op::NotEq, operands } => {
            matches!(operands.as_slice(), [subject, Expr::Literal(Literal::Boolean(_))] if *subject == key.expr)
        }
        _ => false,
    }
}

fn bind_joins(bound: &mut Bound, key: &IndexKey, asked: &Asked<'_>, target: &Target) {
    for (at, join) in asked.access.joins.iter().enumerate() {
        if !compares(key, &join.key) {
            continue;
        }
        if !collation_matches(key, &join.key, None, asked, target) {
            bound.why = Some(WhyNot::Collation);
            continue;
        }
        bound.joins.insert(at);
        bound.by_join |= !restarts_block(join.kind);
        bound.how = Bind::Equal;
    }
}

/// `IN ('x')` with one constant is an equality to every planner.
fn list_or_one(value: &Value) -> Bind {
    match value {
        Value::Literals(literals) if literals.len() == 1 => Bind::Equal,
        _ => Bind::List,
    }
}

fn stronger(one: Bind, other: Bind) -> Bind {
    match (one, other) {
        (Bind::Equal, _) | (_, Bind::Equal) => Bind::Equal,
        (Bind::List, _) | (_, Bind::List) => Bind::List,
        (Bind::Range, _) | (_, Bind::Range) => Bind::Range,
        (Bind::Free, Bind::Free) => Bind::Free,
    }
}

/// Says whether a comparison is on the key's expression; an explicit COLLATE of the comparison is looked at later.
pub(super) fn compares(key: &IndexKey, compared: &Expr) -> bool {
    key.expr == *compared
        || collated(compared).is_some_and(|(under, _)| match &key.expr {
            Expr::Column(column) => *column == under,
            other => other.to_string() == under,
        })
}

/// Says whether one is a bare column and the other an expression over it.
fn is_wrapped(key: &Expr, compared: &Expr) -> bool {
    match (key, compared) {
        (Expr::Column(column), expression) | (expression, Expr::Column(column)) => {
            !matches!(expression, Expr::Column(_)) && mentions(expression, column)
        }
        _ => false,
    }
}

fn mentions(expression: &Expr, column: &Ident) -> bool {
    match expression {
        Expr::Column(name) => name == column,
        Expr::Opaque { columns, .. } => columns.contains(column),
        Expr::Call { args: parts, .. } | Expr::Op { operands: parts, .. } => {
            parts.iter().any(|part| mentions(part, column))
        }
        Expr::Cast { operand, .. } => mentions(operand, column),
        Expr::Literal(_) | Expr::Param | Expr::Outer => false,
    }
}

/// Says whether a b-tree over the key finds what the predicate wants.
fn answers(
    key: &IndexKey,
    predicate: &Predicate,
    op: PredicateOp,
    asked: &Asked<'_>,
    target: &Target,
) -> Result<(), WhyNot> {
    match op {
        PredicateOp::Prefix => answers_prefix(key, predicate, asked, target),
        // A null test looks at no value, so neither operator class nor collation matters.
        PredicateOp::Null | PredicateOp::NotNull => Ok(()),
        _ if !collation_matches(key, &predicate.key, said_of(&predicate.condition), asked, target) => {
            Err(WhyNot::Collation)
        }
        PredicateOp::Range(_) if is_pattern_class(key) => Err(WhyNot::OperatorClass),
        _ => Ok(()),
    }
}

/// A prefix LIKE seeks where the index's order is the order of bytes, or the order LIKE itself compares in.
///
/// PostgreSQL: a `…_pattern_ops` class or the C collation, be it the database's (manual, "Operator Classes and Operator Families").
/// SQLite: LIKE ignores case, so the key must be NOCASE, GLOB's BINARY (manual, "The LIKE Optimization").
/// MySQL: always.
fn answers_prefix(key: &IndexKey, predicate: &Predicate, asked: &Asked<'_>, target: &Target) -> Result<(), WhyNot> {
    let kept = key.collation.as_deref().or_else(|| asked.collation_of(&key.expr));
    let seeks = match target.dialect {
        Dialect::Mysql => true,
        Dialect::Postgres => {
            let by_letters = |name: &str| ["C", "POSIX", "ucs_basic"].contains(&name);
            let kept = kept.filter(|name| !is_default_collation(name, target));
            is_pattern_class(key) || kept.map_or(target.by_letters, by_letters)
        }
        Dialect::Sqlite if is_glob(&predicate.condition) => kept.is_none_or(|name| name.eq_ignore_ascii_case("binary")),
        Dialect::Sqlite => kept.is_some_and(|name| name.eq_ignore_ascii_case("nocase")),
    };
    if seeks { Ok(()) } else { Err(WhyNot::PrefixCollation) }
}

/// `a GLOB 'x*'`, which SQLite seeks.
fn is_glob(condition: &Expr) -> bool {
    match condition {
        Expr::Op { op: Op::Other(symbol), operands } if symbol.eq_ignore_ascii_case("glob") => {
            matches!(operands.as_slice(), [_, Expr::Literal(Literal::Text(text))] if !text.starts_with(['*', '?', '[']))
        }
        _ => false,
    }
}

/// `text_pattern_ops` and its kin compare byte by byte: equality and prefixes, but not `<` nor ORDER BY.
pub(super) fn is_pattern_class(key: &IndexKey) -> bool {
    key.opclass.as_deref().is_some_and(|opclass| opclass.ends_with("pattern_ops"))
}

/// The collation that the other side of a comparison names: `a = ? COLLATE nocase`.
pub(super) fn said_of(condition: &Expr) -> Option<&str> {
    match condition {
        Expr::Op { operands, .. } => operands.iter().skip(1).find_map(|side| Some(collated(side)?.1)),
        _ => None,
    }
}

/// Says whether a comparison of `compared` is made under the collation that the key is kept in; `other_side` is what
/// the value it is compared with says, which counts where `compared` says nothing.
pub(super) fn collation_matches(
    key: &IndexKey,
    compared: &Expr,
    other_side: Option<&str>,
    asked: &Asked<'_>,
    target: &Target,
) -> bool {
    let said = collated(compared).map(|(_, collation)| collation);
    // A collation in the key's own expression was compared with the expression.
    if said.is_some() && key.expr == *compared {
        return true;
    }
    let own = asked.collation_of(&key.expr);
    let wanted = said.or(other_side).or(own);
    let kept = key.collation.as_deref().or(own);
    same_collation(kept, wanted, target)
}

fn same_collation(one: Option<&str>, other: Option<&str>, target: &Target) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (Some(named), None) | (None, Some(named)) => is_default_collation(named, target),
    }
}

fn is_default_collation(name: &str, target: &Target) -> bool {
    match target.dialect {
        Dialect::Postgres => name == "default",
        Dialect::Sqlite => name.eq_ignore_ascii_case("binary"),
        // MySQL's index keys take the column's collation and no other.
        Dialect::Mysql => true,
    }
}

/// Takes an outer `COLLATE` off an expression: the text under it and the collation's name.
pub(super) fn collated(compared: &Expr) -> Option<(&str, &str)> {
    let Expr::Opaque { text, .. } = compared else { return None };
    let (under, collation) = text.rsplit_once(" COLLATE ")?;
    Some((under, collation.trim_matches('"')))
}

/// Judges an index of a method other than b-tree and hash: it answers the operators it was made for.
pub(super) fn judge_special(index: &IndexDef, method: &str, asked: &Asked<'_>, coverage: &mut Coverage) {
    for (at, predicate) in asked.predicates() {
        if index.keys.iter().any(|key| serves_specially(method, key, predicate)) {
            coverage.answered.insert(at);
            coverage.special = true;
        }
    }
    if !coverage.special {
        coverage.blocked = Some(WhyNot::Method);
    }
}

fn serves_specially(method: &str, key: &IndexKey, predicate: &Predicate) -> bool {
    let same = compares(key, &predicate.key);
    match predicate.op {
        // `tags @> …`, `body ~~* …`, MATCH … AGAINST: the predicate may name several columns of one index.
        PredicateOp::Other => same || key.expr.as_column().is_some_and(|column| mentions(&predicate.condition, column)),
        PredicateOp::Prefix => same && key.opclass.as_deref().is_some_and(|opclass| opclass.contains("trgm")),
        // A scalar in a GiST index is there for `=` and `<` (btree_gist); BRIN answers ranges over a table in that order.
        PredicateOp::Eq | PredicateOp::In => same && ["gist", "spgist", "bloom"].contains(&method),
        PredicateOp::Range(_) => same && ["gist", "spgist", "brin"].contains(&method),
        PredicateOp::Null | PredicateOp::NotNull => false,
    }
}
