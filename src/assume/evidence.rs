//! What queries betray of the data: the constants a column is compared with, what it is joined with, and whether it is
//! tested for NULL.

use std::collections::{BTreeMap, BTreeSet};

use crate::expr::{Expr, Literal, Op};
use crate::name::{Ident, QName};
use crate::query::{AccessPattern, Predicate, PredicateOp, QueryShape, Value};

/// What all queries together betray, by table and column.
#[derive(Debug, Default)]
pub(super) struct Evidence<'a> {
    literals: BTreeMap<(&'a QName, &'a Ident), BTreeSet<&'a Literal>>,
    /// Columns that are compared with something else than constants, or in another way.
    open: BTreeSet<(&'a QName, &'a Ident)>,
    null_tests: BTreeSet<(&'a QName, &'a Ident)>,
    /// Columns of other tables that a column is joined with.
    joined: BTreeMap<(&'a QName, &'a Ident), BTreeSet<(&'a QName, &'a Ident)>>,
}

impl<'a> Evidence<'a> {
    /// Collects from every pattern of every shape.
    pub(super) fn of(shapes: &[&'a QueryShape]) -> Self {
        let mut evidence = Self::default();
        for (shape, pattern) in shapes.iter().flat_map(|shape| shape.patterns.iter().map(move |one| (shape, one))) {
            evidence.add_joins(shape, pattern);
            let branches = pattern.disjunctions.iter().flat_map(|or| or.branches.iter().flatten());
            for predicate in pattern.predicates.iter().chain(branches) {
                evidence.add(&pattern.table, predicate);
            }
        }
        evidence
    }

    fn add_joins(&mut self, shape: &'a QueryShape, pattern: &'a AccessPattern) {
        for join in &pattern.joins {
            let other = shape.references.get(usize::from(join.other.0)).map(|other| &other.table);
            if let (Some(own), Some(other), Some(key)) = (join.key.as_column(), other, join.other_key.as_column()) {
                self.joined.entry((&pattern.table, own)).or_default().insert((other, key));
            }
        }
    }

    fn add(&mut self, table: &'a QName, predicate: &'a Predicate) {
        let Some(column) = predicate.key.as_column() else { return };
        match (predicate.op, &predicate.value) {
            (PredicateOp::Null | PredicateOp::NotNull, _) => {
                self.null_tests.insert((table, column));
            }
            (PredicateOp::Eq | PredicateOp::In, Value::Literals(values)) => self.add_literals(table, column, values),
            (PredicateOp::Other, Value::Literals(values)) if is_inequality(&predicate.condition) => {
                self.add_literals(table, column, values)
            }
            _ => {
                self.open.insert((table, column));
            }
        }
    }

    fn add_literals(&mut self, table: &'a QName, column: &'a Ident, values: &'a [Literal]) {
        let values = values.iter().filter(|value| matches!(value, Literal::Text(_) | Literal::Number(_)));
        self.literals.entry((table, column)).or_default().extend(values);
    }

    /// Returns how many constants the column is compared with for equality.
    pub(super) fn literals(&self, table: &QName, column: &Ident) -> usize {
        self.literals.get(&(table, column)).map_or(0, BTreeSet::len)
    }

    /// Says whether the column is compared, and with nothing but the constants 0 and 1.
    pub(super) fn is_compared_as_flag(&self, table: &QName, column: &Ident) -> bool {
        let is_bit = |literal: &&Literal| matches!(literal, Literal::Number(text) if text == "0" || text == "1");
        let seen = self.literals.get(&(table, column));
        seen.is_some_and(|seen| seen.iter().all(is_bit)) && !self.open.contains(&(table, column))
    }

    /// Returns the columns that some query joins the column with.
    pub(super) fn joined<'e>(
        &'e self,
        table: &'e QName,
        column: &'e Ident,
    ) -> impl Iterator<Item = (&'e QName, &'e Ident)> {
        self.joined.get(&(table, column)).into_iter().flatten().copied()
    }

    /// Says whether some query tests the column for NULL.
    pub(super) fn is_null_tested(&self, table: &QName, column: &Ident) -> bool {
        self.null_tests.contains(&(table, column))
    }
}

/// `<>` and `NOT IN` name values of the column as `=` and IN do; a pattern does not.
fn is_inequality(condition: &Expr) -> bool {
    match condition {
        Expr::Op { op: Op::NotEq, .. } => true,
        Expr::Op { op: Op::Not, operands } => matches!(operands.as_slice(), [Expr::Op { op: Op::In, .. }]),
        _ => false,
    }
}
