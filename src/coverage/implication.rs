//! Whether conditions imply an index's predicate, so that a partial index may answer the query.
//!
//! Sound and incomplete, as planners are: "no" means "not proven". PostgreSQL's rules are those of `predtest.c`
//! (constants compared, strictness, AND and OR taken apart), SQLite's the few of `sqlite3ExprImpliesExpr`.

mod constants;

use std::cmp::Ordering;

use crate::dialect::{Dialect, Target};
use crate::expr::{Expr, Literal, Op};
use crate::query::Disjunction;

use super::binding::collated;
use super::{Asked, Joins};
use constants::{compare, differ, equal};

/// Says whether conditions that all hold imply a predicate, by PostgreSQL's rules.
pub fn implies(conditions: &[&Expr], predicate: &Expr) -> bool {
    predicate.conjuncts().iter().all(|wanted| conditions.iter().any(|known| gives(known, wanted, Logic::Full)))
}

/// Says whether one condition implies another on the target.
pub(super) fn follows(known: &Expr, wanted: &Expr, target: &Target) -> bool {
    let logic = Logic::of(target);
    wanted.conjuncts().iter().all(|wanted| gives(known, wanted, logic))
}

/// Says whether what an access asks implies a predicate on the target.
pub(super) fn holds(asked: &Asked<'_>, predicate: &Expr, target: &Target) -> bool {
    let logic = Logic::of(target);
    predicate.conjuncts().iter().all(|wanted| {
        asked.predicates().any(|(_, known)| gives(&known.condition, wanted, logic))
            || disjunctions(asked).any(|known| gives(known, wanted, logic))
            || is_declared(wanted, asked)
            || (asked.joins == Joins::Bound && given_by_join(wanted, asked))
    })
}

/// The ORs that always apply.
fn disjunctions<'a>(asked: &Asked<'a>) -> impl Iterator<Item = &'a Expr> {
    let always = |or: &&Disjunction| !or.branches.iter().flatten().any(|predicate| predicate.optional);
    asked.access.disjunctions.iter().filter(always).map(|or| &or.condition)
}

/// A NOT NULL column implies `IS NOT NULL` (PostgreSQL from 17; the others look at it too).
fn is_declared(wanted: &Expr, asked: &Asked<'_>) -> bool {
    let (Some(table), Expr::Op { op: Op::IsNotNull, operands }) = (asked.table, wanted) else { return false };
    let [Expr::Column(column)] = operands.as_slice() else { return false };
    table.column(column).is_some_and(|column| column.not_null)
}

/// A joined key is not NULL in any row that finds a partner.
fn given_by_join(wanted: &Expr, asked: &Asked<'_>) -> bool {
    let Expr::Op { op: Op::IsNotNull, operands } = wanted else { return false };
    operands
        .iter()
        .all(|subject| asked.access.joins.iter().any(|join| null_in_null_out(&join.key, subject, Logic::Full)))
}

/// How much a planner proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logic {
    /// Constants are compared.
    Full,
    /// Only what is the same, a branch of an OR, or not NULL.
    Sqlite,
}

impl Logic {
    fn of(target: &Target) -> Self {
        if target.dialect == Dialect::Sqlite { Self::Sqlite } else { Self::Full }
    }
}

/// Says whether `known` implies `wanted`, which is no AND.
fn gives(known: &Expr, wanted: &Expr, logic: Logic) -> bool {
    if known == wanted {
        // Two run-time values need not be the same one.
        return is_settled(wanted);
    }
    match known {
        Expr::Op { op: Op::And, operands } => return operands.iter().any(|part| gives(part, wanted, logic)),
        Expr::Op { op: Op::Or, operands } if operands.iter().all(|part| gives(part, wanted, logic)) => return true,
        _ => {}
    }
    match wanted {
        Expr::Op { op: Op::And, operands } => operands.iter().all(|part| gives(known, part, logic)),
        Expr::Op { op: Op::Or, operands } if operands.iter().any(|part| gives(known, part, logic)) => true,
        Expr::Op { op: Op::IsNotNull, operands } => operands.iter().all(|subject| rejects_null(known, subject, logic)),
        _ => logic == Logic::Full && compares_into(known, wanted),
    }
}

fn is_settled(expr: &Expr) -> bool {
    match expr {
        Expr::Param | Expr::Outer => false,
        Expr::Column(_) | Expr::Literal(_) => true,
        Expr::Opaque { text, .. } => !text.contains(['?', '$']),
        Expr::Call { args: parts, .. } | Expr::Op { operands: parts, .. } => parts.iter().all(is_settled),
        Expr::Cast { operand, .. } => is_settled(operand),
    }
}

/// Says whether a condition cannot be true where `subject` is NULL.
fn rejects_null(condition: &Expr, subject: &Expr, logic: Logic) -> bool {
    match condition {
        Expr::Op { op: Op::And, operands } => operands.iter().any(|part| rejects_null(part, subject, logic)),
        Expr::Op { op: Op::Or, operands } => operands.iter().all(|part| rejects_null(part, subject, logic)),
        Expr::Op { op: Op::IsNotNull, operands } => operands.iter().any(|part| null_in_null_out(part, subject, logic)),
        other => null_in_null_out(other, subject, logic),
    }
}

/// Says whether an expression is NULL wherever `subject` is, as far as the planner knows.
fn null_in_null_out(expr: &Expr, subject: &Expr, logic: Logic) -> bool {
    if expr == subject {
        return true;
    }
    let passes = |part: &Expr| null_in_null_out(part, subject, logic);
    match expr {
        Expr::Op { op: Op::And | Op::Or | Op::IsNull | Op::IsNotNull, .. } => false,
        Expr::Op { op: Op::In, operands } => operands.first().is_some_and(passes),
        // To SQLite these are functions, of which it knows nothing, unless it made a range of them.
        Expr::Op { op: Op::Like, operands } if logic == Logic::Sqlite => has_head(operands) && passes(&operands[0]),
        Expr::Op { op: Op::Other(symbol), operands } if symbol == "GLOB" => has_head(operands) && passes(&operands[0]),
        Expr::Op { op: Op::Other(symbol), .. } if !is_strict_symbol(symbol) => false,
        Expr::Op { operands, .. } => operands.iter().any(passes),
        Expr::Call { function, args } => {
            logic == Logic::Full && STRICT.contains(&function.as_str()) && args.iter().any(passes)
        }
        Expr::Cast { operand, .. } => passes(operand),
        Expr::Opaque { .. } => {
            let under = collated(expr).map(|(under, _)| under);
            under.is_some_and(|under| subject.as_column().is_some_and(|column| *column == under))
        }
        Expr::Column(_) | Expr::Literal(_) | Expr::Param | Expr::Outer => false,
    }
}

/// Says whether a pattern is known to begin with something.
fn has_head(operands: &[Expr]) -> bool {
    matches!(operands, [_, Expr::Literal(Literal::Text(text))] if !text.starts_with(['%', '_', '*', '?', '[']))
}

/// Operators spelled in words (`IS NOT DISTINCT FROM`, `IS`) and MySQL's `<=>` say something of NULL.
fn is_strict_symbol(symbol: &str) -> bool {
    symbol != "<=>" && !symbol.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Built-in functions that return NULL for NULL in every dialect.
const STRICT: &[&str] = &[
    "abs",
    "btrim",
    "ceil",
    "char_length",
    "date",
    "date_trunc",
    "floor",
    "length",
    "lower",
    "ltrim",
    "md5",
    "round",
    "rtrim",
    "substr",
    "substring",
    "trim",
    "upper",
];

/// What a condition says of one subject by constants.
enum Test<'a> {
    Compare(&'a Op, &'a Literal),
    In(&'a [Expr]),
    NotIn(&'a [Expr]),
}

/// Says whether a comparison with constants implies another of the same subject.
fn compares_into(known: &Expr, wanted: &Expr) -> bool {
    let (Some((subject, known)), Some((same, wanted))) = (test(known), test(wanted)) else { return false };
    subject == same
        && match known {
            Test::Compare(Op::Eq, value) => admits(&wanted, value),
            Test::In(values) => {
                let mut literals = values.iter().map(as_literal);
                !values.is_empty() && literals.all(|value| value.is_some_and(|value| admits(&wanted, value)))
            }
            Test::Compare(op, value) => bounds(op, value, &wanted),
            Test::NotIn(left_out) => match wanted {
                Test::Compare(Op::NotEq, value) => holds_literal(left_out, value),
                Test::NotIn(wanted) => wanted.iter().filter_map(as_literal).all(|value| holds_literal(left_out, value)),
                _ => false,
            },
        }
}

fn test(condition: &Expr) -> Option<(&Expr, Test<'_>)> {
    let Expr::Op { op, operands } = condition else { return None };
    match (op, operands.as_slice()) {
        // `NOT a` is `a <> TRUE`: one value is left.
        (Op::NotEq, [subject, Expr::Literal(Literal::Boolean(value))]) => {
            Some((subject, Test::Compare(&Op::Eq, if *value { FALSE } else { TRUE })))
        }
        (Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq, [subject, Expr::Literal(value)]) => {
            Some((subject, Test::Compare(op, value)))
        }
        (Op::In, [subject, rest @ ..]) => Some((subject, Test::In(rest))),
        (Op::Not, [Expr::Op { op: Op::In, operands }]) => {
            operands.split_first().map(|(subject, rest)| (subject, Test::NotIn(rest)))
        }
        _ => None,
    }
}

const TRUE: &Literal = &Literal::Boolean(true);
const FALSE: &Literal = &Literal::Boolean(false);

fn as_literal(expr: &Expr) -> Option<&Literal> {
    match expr {
        Expr::Literal(literal) => Some(literal),
        _ => None,
    }
}

fn holds_literal(list: &[Expr], value: &Literal) -> bool {
    list.iter().filter_map(as_literal).any(|held| equal(held, value))
}

/// Says whether the one value passes the test.
fn admits(wanted: &Test<'_>, value: &Literal) -> bool {
    match wanted {
        Test::Compare(Op::Eq, other) => equal(value, other),
        Test::Compare(Op::NotEq, other) => differ(value, other),
        Test::Compare(op, bound) => compare(value, bound).is_some_and(|order| passes(op, order)),
        Test::In(values) => holds_literal(values, value),
        Test::NotIn(values) => values.iter().all(|held| as_literal(held).is_some_and(|held| differ(held, value))),
    }
}

fn passes(op: &Op, order: Ordering) -> bool {
    match op {
        Op::Lt => order == Ordering::Less,
        Op::LtEq => order != Ordering::Greater,
        Op::Gt => order == Ordering::Greater,
        Op::GtEq => order != Ordering::Less,
        _ => false,
    }
}

/// Says whether an inequality implies the test.
fn bounds(op: &Op, value: &Literal, wanted: &Test<'_>) -> bool {
    match wanted {
        Test::Compare(Op::NotEq, other) if *op == Op::NotEq => equal(value, other),
        Test::Compare(Op::NotEq, other) => leaves_out(op, value, other),
        Test::NotIn(values) => values.iter().all(|held| {
            as_literal(held)
                .is_some_and(|held| if *op == Op::NotEq { equal(value, held) } else { leaves_out(op, value, held) })
        }),
        Test::Compare(other_op, other) => {
            let upper = |op: &Op| matches!(op, Op::Lt | Op::LtEq);
            let lower = |op: &Op| matches!(op, Op::Gt | Op::GtEq);
            let same_side = (upper(op) && upper(other_op)) || (lower(op) && lower(other_op));
            let closed = matches!(op, Op::LtEq | Op::GtEq);
            let open = matches!(other_op, Op::Lt | Op::Gt);
            same_side
                && compare(value, other).is_some_and(|order| match order {
                    Ordering::Equal => !(closed && open),
                    Ordering::Less => upper(op),
                    Ordering::Greater => lower(op),
                })
        }
        Test::In(_) => false,
    }
}

/// Says whether a range does not hold a value.
fn leaves_out(op: &Op, bound: &Literal, value: &Literal) -> bool {
    matches!(op, Op::Lt | Op::LtEq | Op::Gt | Op::GtEq) && compare(value, bound).is_some_and(|order| !passes(op, order))
}
