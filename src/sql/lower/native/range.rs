//! Ranges whose bounds are known at run time only, and the part of the table that they are taken to select.
//!
//! PostgreSQL takes a third of the rows for a one-sided range of unknown bounds and half a percent for a two-sided one,
//! whatever the column holds. So each bound becomes a parameter of its own, and the query says where in the column's
//! values it is taken to lie ("Parameters" in the statistics design); who has the values puts a literal in its place.
//! A constant is such a bound too, for where no value is known: among assumed ones it would lie anywhere.

use sqlparser::ast::{self, BinaryOperator, Expr};

use super::Native;
use crate::catalog::{Index, Table, TypeClass};
use crate::engine::Bound;
use crate::name::Ident;
use crate::query::RefId;
use crate::sql::lower::expr::unnested;
use crate::sql::lower::range::{is_due, is_two_sided};
use crate::sql::resolution::Name;

/// Whether a bound is the range's lower or upper one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

impl Native<'_> {
    /// Gives the bounds of a range parameters of their own.
    pub(super) fn bounds(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Between { expr: key, negated: false, low, high } => {
                let Some(key) = self.column(key) else { return };
                self.bound(&key, Side::Lower, low);
                self.bound(&key, Side::Upper, high);
            }
            Expr::BinaryOp { left, op, right } => {
                let upper = match op {
                    BinaryOperator::Lt | BinaryOperator::LtEq => true,
                    BinaryOperator::Gt | BinaryOperator::GtEq => false,
                    _ => return,
                };
                match (self.column(left), self.column(right)) {
                    (Some(key), None) => self.bound(&key, if upper { Side::Upper } else { Side::Lower }, right),
                    (None, Some(key)) => self.bound(&key, if upper { Side::Lower } else { Side::Upper }, left),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The column of a base table that an operand is.
    fn column(&self, operand: &Expr) -> Option<(RefId, Ident)> {
        let first = match unnested(operand) {
            Expr::Identifier(name) => name,
            Expr::CompoundIdentifier(path) => path.first()?,
            _ => return None,
        };
        match self.names().column(first.span.start)? {
            Name::Column(reference, column) => Some((*reference, column.clone())),
            _ => None,
        }
    }

    fn bound(&mut self, (reference, column): &(RefId, Ident), side: Side, value: &mut Expr) {
        let constant = is_constant(value) && !self.is_condition_of_index(*reference, column);
        if !constant && !is_unknown(value) {
            return;
        }
        let part =
            if constant { self.usual_part(*reference, column, side) } else { self.part(*reference, column, side) };
        let Some(part) = part else { return };
        // A bound that stands here alone: the same parameter elsewhere is another one.
        self.parameters.push(String::new());
        let parameter = u16::try_from(self.parameters.len()).unwrap_or(u16::MAX);
        let written = constant.then(|| value.to_string());
        self.bounds.push(Bound { parameter, reference: *reference, column: column.clone(), part, written });
        *value = Expr::value(ast::Value::Placeholder(format!("{BOUND}{parameter}")));
    }

    /// Says whether a partial index is about a column: then a constant decides whether it can be used.
    fn is_condition_of_index(&self, reference: RefId, column: &Ident) -> bool {
        let predicate = |index: &Index| index.def.predicate.as_ref().is_some_and(|all| all.columns().contains(column));
        self.table_of(reference).is_some_and(|table| table.usable_indexes().any(predicate))
    }

    fn table_of(&self, reference: RefId) -> Option<&Table> {
        self.catalog.tables.get(&self.shaped.shape.references.get(usize::from(reference.0))?.table)
    }

    /// The part below a constant: PostgreSQL takes a third of the rows for one side, and half a percent for two.
    fn usual_part(&self, reference: RefId, column: &Ident, side: Side) -> Option<f64> {
        self.part(reference, column, side)?;
        Some(match (is_two_sided(&self.shaped.shape, reference, column), side) {
            (true, Side::Lower) => 0.4975,
            (true, Side::Upper) => 0.5025,
            (false, Side::Lower) => 0.67,
            (false, Side::Upper) => 0.33,
        })
    }

    /// The part of the column's values that lies below a bound.
    fn part(&self, reference: RefId, column: &Ident, side: Side) -> Option<f64> {
        let class = self.table_of(reference)?.class_of(column)?;
        let both = is_two_sided(&self.shaped.shape, reference, column);
        Some(match (class, side) {
            (TypeClass::Timestamp | TypeClass::Date | TypeClass::Time, side) => match (both, side) {
                (true, Side::Lower) => 0.90,
                (true, Side::Upper) | (false, Side::Lower) => 0.95,
                (false, Side::Upper) if is_due(column.as_str()) => 0.05,
                (false, Side::Upper) => 0.33,
            },
            (TypeClass::Integer | TypeClass::Numeric | TypeClass::Float, side) => match (both, side) {
                (true, Side::Lower) => 0.45,
                (true, Side::Upper) => 0.55,
                (false, Side::Lower) => 0.67,
                (false, Side::Upper) => 0.33,
            },
            _ => return None,
        })
    }
}

/// What a bound is called until the parameters around it have their numbers.
pub(super) const BOUND: &str = "$bound_";

/// Says whether a value is the same at every time.
fn is_constant(value: &Expr) -> bool {
    match unnested(value) {
        Expr::Value(value) => !matches!(value.value, ast::Value::Placeholder(_) | ast::Value::Null),
        Expr::TypedString(_) | Expr::Interval(_) => true,
        Expr::UnaryOp { expr, .. } | Expr::Cast { expr, .. } => is_constant(expr),
        Expr::BinaryOp { left, right, .. } => is_constant(left) && is_constant(right),
        _ => false,
    }
}

/// Says whether a value is known at run time only.
fn is_unknown(value: &Expr) -> bool {
    match unnested(value) {
        Expr::Value(value) => matches!(value.value, ast::Value::Placeholder(_)),
        Expr::Function(function) => {
            let now = [
                "now",
                "current_timestamp",
                "current_date",
                "localtimestamp",
                "clock_timestamp",
                "statement_timestamp",
                "transaction_timestamp",
                "make_interval",
                "to_timestamp",
                "date_trunc",
            ];
            let name = function.name.to_string().to_ascii_lowercase();
            now.contains(&name.as_str())
        }
        Expr::BinaryOp { left, right, .. } => is_unknown(left) || is_unknown(right),
        Expr::Cast { expr, .. } => is_unknown(expr),
        _ => false,
    }
}
