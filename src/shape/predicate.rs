//! Canonical conditions of one reference to predicates and disjunctions.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use sqlparser::ast::{self};

use super::own;
use super::walk::is_aggregate;
use crate::expr::{Expr, Literal, Op};
use crate::name::Ident;
use crate::query::{AccessPattern, Bound, Disjunction, Predicate, PredicateOp, Value};

/// What is left of a condition when the parts about other tables are gone.
pub(super) struct Restricted {
    /// The condition; it has a column and nothing of other tables.
    pub(super) expr: Expr,
    /// A constant decides at run time whether it applies.
    pub(super) optional: bool,
}

/// Where the first of some columns stands in the SQL text.
type Place<'a> = &'a dyn Fn(&BTreeSet<Ident>) -> Range<u32>;

/// Weakens a condition to what it says of the table at hand alone; nothing if that is nothing.
pub(super) fn restrict(condition: Expr) -> Option<Vec<Restricted>> {
    match weaken(condition) {
        Weakened::Conditions(items) => Some(items),
        Weakened::Constant(_) | Weakened::Anything => None,
    }
}

enum Weakened {
    Conditions(Vec<Restricted>),
    /// It says nothing of any table.
    Constant(Expr),
    /// It says something of other tables only.
    Anything,
}

fn weaken(condition: Expr) -> Weakened {
    match condition {
        Expr::Op { op: Op::And, operands } => {
            let mut items = Vec::new();
            let mut constant = None;
            let mut constants = true;
            for operand in operands {
                match weaken(operand) {
                    Weakened::Conditions(more) => items.extend(more),
                    Weakened::Constant(value) => constant = Some(value),
                    Weakened::Anything => constants = false,
                }
            }
            match constant {
                _ if !items.is_empty() => Weakened::Conditions(items),
                Some(value) if constants => Weakened::Constant(value),
                _ => Weakened::Anything,
            }
        }
        Expr::Op { op: Op::Or, operands } => weaken_or(operands),
        other if other.has_outer() => Weakened::Anything,
        other if !other.has_column() => Weakened::Constant(other),
        other => {
            let optional = is_self_comparison(&other);
            Weakened::Conditions(vec![Restricted { expr: other, optional }])
        }
    }
}

fn weaken_or(operands: Vec<Expr>) -> Weakened {
    let mut branches = Vec::new();
    let mut optional = false;
    let mut constant = None;
    for operand in operands {
        match weaken(operand) {
            Weakened::Anything => return Weakened::Anything,
            Weakened::Constant(Expr::Literal(Literal::Boolean(false))) => {}
            Weakened::Constant(value) => constant = Some(value),
            Weakened::Conditions(items) => {
                optional |= items.iter().any(|item| item.optional);
                branches.push(Expr::and(items.into_iter().map(|item| item.expr).collect()));
            }
        }
    }
    optional |= constant.is_some();
    match constant {
        Some(value) if branches.is_empty() => Weakened::Constant(value),
        _ if branches.is_empty() => Weakened::Anything,
        _ => Weakened::Conditions(vec![Restricted { expr: Expr::or(branches), optional }]),
    }
}

/// `a = coalesce($1, a)`: a switch that is off when the parameter is NULL.
fn is_self_comparison(condition: &Expr) -> bool {
    match condition {
        Expr::Op { op: Op::Eq | Op::Like | Op::ILike, operands } => {
            operands.len() == 2
                && operands.iter().any(|side| matches!(side, Expr::Call { function, .. } if *function == "coalesce"))
                && operands.iter().all(Expr::has_column)
        }
        _ => false,
    }
}

/// Adds what a condition says to a pattern.
pub(super) fn add(pattern: &mut AccessPattern, item: Restricted, place: Place<'_>) {
    match item.expr {
        Expr::Op { op: Op::And, operands } => {
            for expr in operands {
                add(pattern, Restricted { expr, optional: item.optional }, place);
            }
        }
        Expr::Op { op: Op::Or, ref operands } => {
            let branches: Vec<Vec<Predicate>> = operands
                .iter()
                .map(|branch| merged(branch.conjuncts().iter().map(|part| of(part, item.optional, place))))
                .collect();
            let first = branches.iter().flatten().map(|predicate| predicate.sql.clone()).find(|sql| !sql.is_empty());
            let sql = first.unwrap_or(0..0);
            let disjunction = Disjunction { branches, condition: item.expr, sql };
            if !pattern.disjunctions.iter().any(|known| known.condition == disjunction.condition) {
                pattern.disjunctions.push(disjunction);
            }
        }
        expr => push(&mut pattern.predicates, of(&expr, item.optional, place)),
    }
}

fn merged(predicates: impl Iterator<Item = Predicate>) -> Vec<Predicate> {
    let mut all = Vec::new();
    predicates.for_each(|predicate| push(&mut all, predicate));
    all
}

/// Adds a predicate; two sides of a range become one, repetitions none.
fn push(predicates: &mut Vec<Predicate>, new: Predicate) {
    if predicates.iter().any(|known| known.condition == new.condition && known.optional == new.optional) {
        return;
    }
    let other_side = |known: &&mut Predicate| {
        known.key == new.key && known.optional == new.optional && is_other_side(known.op, new.op)
    };
    let Some(known) = predicates.iter_mut().find(other_side) else {
        predicates.push(new);
        return;
    };
    let (lower, upper) = if known.op == PredicateOp::Range(Bound::Lower) {
        (known.value.clone(), new.value)
    } else {
        (new.value, known.value.clone())
    };
    known.value = match (lower, upper) {
        (Value::Literals(mut lower), Value::Literals(upper)) => {
            lower.extend(upper);
            Value::Literals(lower)
        }
        _ => Value::Param,
    };
    known.op = PredicateOp::Range(Bound::Both);
    known.condition = Expr::and(vec![known.condition.clone(), new.condition]);
}

fn is_other_side(known: PredicateOp, new: PredicateOp) -> bool {
    use PredicateOp::Range as Side;
    matches!((known, new), (Side(Bound::Lower), Side(Bound::Upper)) | (Side(Bound::Upper), Side(Bound::Lower)))
}

/// One condition as a predicate.
fn of(condition: &Expr, optional: bool, place: Place<'_>) -> Predicate {
    let (key, op, value) = classify(condition);
    let sql = place(&key.columns());
    Predicate { key, op, value, condition: condition.clone(), sql, optional }
}

fn classify(condition: &Expr) -> (Expr, PredicateOp, Value) {
    let Expr::Op { op, operands } = condition else {
        return (condition.clone(), PredicateOp::Other, Value::Param);
    };
    let key = operands.first().cloned().unwrap_or(Expr::Param);
    let rest = operands.get(1..).unwrap_or_default();
    let known = key.has_column() && rest.iter().all(Expr::is_constant);
    let range = |bound| (key.clone(), PredicateOp::Range(bound), value_of(rest));
    match op {
        Op::Eq if known && rest != [Expr::Literal(Literal::Null)] => (key, PredicateOp::Eq, value_of(rest)),
        Op::In if known => (key, PredicateOp::In, value_of(rest)),
        Op::Gt | Op::GtEq if known => range(Bound::Lower),
        Op::Lt | Op::LtEq if known => range(Bound::Upper),
        Op::IsNull if known => (key, PredicateOp::Null, Value::Literals(Vec::new())),
        Op::IsNotNull if known => (key, PredicateOp::NotNull, Value::Literals(Vec::new())),
        Op::Like if known && has_prefix(rest) => (key, PredicateOp::Prefix, value_of(rest)),
        // What is compared, not the comparison, is what a person would look for an index on.
        Op::Not => {
            let (key, _, value) = classify(&key);
            (key, PredicateOp::Other, value)
        }
        _ => {
            let side = operands.iter().position(Expr::has_column).unwrap_or(0);
            let others = operands.iter().enumerate().filter(|(at, _)| *at != side).map(|(_, other)| other.clone());
            let value = value_of(&others.collect::<Vec<_>>());
            (operands.get(side).cloned().unwrap_or(Expr::Param), PredicateOp::Other, value)
        }
    }
}

fn value_of(values: &[Expr]) -> Value {
    let literals: Option<Vec<Literal>> = values
        .iter()
        .map(|value| match value {
            Expr::Literal(literal) => Some(literal.clone()),
            _ => None,
        })
        .collect();
    literals.map_or(Value::Param, Value::Literals)
}

fn has_prefix(pattern: &[Expr]) -> bool {
    matches!(pattern, [Expr::Literal(Literal::Text(text))] if !text.is_empty() && !text.starts_with(['%', '_']))
}

/// Says whether a row of NULLs fails the condition, so that rows without a partner do.
pub(super) fn rejects_null(condition: &Expr) -> bool {
    match condition {
        Expr::Op { op: Op::And, operands } => operands.iter().any(rejects_null),
        Expr::Op { op: Op::Or, operands } => operands.iter().all(rejects_null),
        Expr::Op { op: Op::IsNotNull, operands } => operands.iter().all(is_strict),
        Expr::Op { op: Op::IsNull, .. } => false,
        other => is_strict(other),
    }
}

/// Says whether the value is NULL when the columns are.
fn is_strict(value: &Expr) -> bool {
    match value {
        Expr::Column(_) => true,
        Expr::Cast { operand, .. } => is_strict(operand),
        Expr::Op { op: Op::And | Op::Or | Op::IsNull | Op::IsNotNull, .. } => false,
        Expr::Op { op: Op::Other(symbol), .. } if symbol.starts_with("IS ") => false,
        Expr::Op { op: Op::In, operands } => operands.first().is_some_and(is_strict),
        Expr::Op { operands, .. } => operands.iter().any(is_strict),
        Expr::Call { function, args } => {
            let strict = ["lower", "upper", "date", "date_trunc", "extract", "timezone", "btrim", "length", "abs"];
            strict.iter().any(|known| function == known) && args.iter().any(is_strict)
        }
        Expr::Literal(_) | Expr::Param | Expr::Outer | Expr::Opaque { .. } => false,
    }
}

/// Says whether an aggregate stands in an expression, subqueries apart.
pub(super) fn has_aggregate(expr: &ast::Expr) -> bool {
    let is_one = |function: &ast::Function| is_aggregate(function) || function.over.is_some();
    own::visit(expr, &mut |part| match part {
        ast::Expr::Function(function) if is_one(function) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .is_break()
}
