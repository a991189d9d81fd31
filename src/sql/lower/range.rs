//! What share of a table a condition selects where SQLite cannot know it, said to it with `likelihood`.
//!
//! The figures are those of "Parameters" in the statistics design: SQLite's own guess for a range is a quarter for one
//! side and a sixteenth for two, whatever the column holds. Where SQLite stands in for PostgreSQL, what selects so much
//! that PostgreSQL would rather read the table is weighed so that SQLite does the same.

use sqlparser::ast::{self, BinaryOperator, Expr, Value};

use super::expr::{taken, unnested};
use super::{Lowering, function_call};
use crate::catalog::TypeClass;
use crate::expr::Expr as Canonical;
use crate::name::Ident;
use crate::query::{Bound, PredicateOp, QueryShape, RefId};

/// The share at which SQLite reads the whole table: rows at random places cost it no more than rows in a row, so it seeks
/// a third of a table, as PostgreSQL does only where the rows lie in the order of the index.
const MOST: &str = "0.9";

/// Whether a bound is the range's lower or upper one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

impl Lowering<'_> {
    /// `x BETWEEN a AND b` as its two sides, which can be weighed.
    pub(super) fn split_between(&mut self, expr: &mut Expr) {
        let Expr::Between { expr: key, negated: false, low, high } = expr else { return };
        if !matches!(unnested(key), Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            return;
        }
        let side = |op, bound| Expr::BinaryOp { left: key.clone(), op, right: Box::new(bound) };
        let low = side(BinaryOperator::GtEq, taken(low));
        let high = side(BinaryOperator::LtEq, taken(high));
        let both = Expr::BinaryOp { left: Box::new(low), op: BinaryOperator::And, right: Box::new(high) };
        *expr = Expr::Nested(Box::new(both));
    }

    /// Says how likely a comparison of a column with a value is true, where SQLite's guess is known to be off.
    pub(super) fn weigh_range(&mut self, expr: &mut Expr) {
        let Expr::BinaryOp { left, op, right } = &*expr else { return };
        let upper = matches!(op, BinaryOperator::Lt | BinaryOperator::LtEq);
        let (key, value, side) = match (self.base_column(left), self.base_column(right)) {
            (Some(key), None) => (key, right, if upper { Side::Upper } else { Side::Lower }),
            (None, Some(key)) => (key, left, if upper { Side::Lower } else { Side::Upper }),
            _ => return,
        };
        // The predicate of a partial index is a comparison with a constant, which must stay as it is to be matched.
        if !is_bound(value) {
            return;
        }
        let Some(share) = self.share(&key, side) else { return };
        weigh(expr, share);
    }

    /// What is tested for NULL is mostly NULL, as far as nobody knows better.
    pub(super) fn weigh_null(&mut self, expr: &mut Expr) {
        let Expr::IsNull(key) = &*expr else { return };
        if self.stands_in() && self.base_column(key).is_some() {
            weigh(expr, MOST);
        }
    }

    /// The column of a base table, as it was rewritten.
    fn base_column(&self, expr: &Expr) -> Option<(RefId, Ident)> {
        let Expr::CompoundIdentifier(path) = unnested(expr) else { return None };
        let [table, column] = &path[..] else { return None };
        let reference = table.value.strip_prefix('t')?.parse().ok().map(RefId)?;
        Some((reference, Ident::new(&column.value)))
    }

    fn share(&self, (reference, column): &(RefId, Ident), side: Side) -> Option<&'static str> {
        let table = self.table_of(*reference)?;
        let class = table.class_of(column)?;
        let both = is_two_sided(&self.shaped.shape, *reference, column);
        let is_key = matches!(&table.primary_key[..], [key] if key == column);
        Some(match class {
            // 5 % of the table: the square root of it on each side.
            TypeClass::Timestamp | TypeClass::Date | TypeClass::Time if both => "0.2236",
            TypeClass::Timestamp | TypeClass::Date | TypeClass::Time => match side {
                Side::Lower => "0.05",
                Side::Upper if is_due(column.as_str()) => "0.05",
                Side::Upper if self.stands_in() => MOST,
                Side::Upper => "0.33",
            },
            // Keys rise as rows come.
            _ if self.stands_in() && !is_key && (!both || is_number(class)) => MOST,
            TypeClass::Integer | TypeClass::Numeric | TypeClass::Float if both => "0.3162",
            TypeClass::Integer | TypeClass::Numeric | TypeClass::Float => "0.33",
            _ => return None,
        })
    }
}

fn weigh(expr: &mut Expr, share: &str) {
    let whole = std::mem::replace(expr, super::number(0));
    let share = Expr::value(Value::Number(share.to_owned(), false));
    let args = [whole, share].map(|arg| ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(arg)));
    *expr = function_call("likelihood", args.into());
}

fn is_number(class: TypeClass) -> bool {
    matches!(class, TypeClass::Integer | TypeClass::Numeric | TypeClass::Float)
}

/// Says whether a query bounds a column on both sides.
pub(super) fn is_two_sided(shape: &QueryShape, reference: RefId, column: &Ident) -> bool {
    let pattern = shape.patterns.get(usize::from(reference.0));
    let branches = pattern.into_iter().flat_map(|pattern| &pattern.disjunctions);
    let alone = pattern.into_iter().flat_map(|pattern| &pattern.predicates);
    alone.chain(branches.flat_map(|or| or.branches.iter().flatten())).any(|predicate| {
        predicate.op == PredicateOp::Range(Bound::Both)
            && matches!(&predicate.key, Canonical::Column(key) if key == column)
    })
}

/// Columns whose upper bound is the present, with little waiting below it.
pub(super) fn is_due(column: &str) -> bool {
    let column = column.to_ascii_lowercase();
    ["next_", "scheduled_", "due_", "retry_"].iter().any(|head| column.starts_with(head))
        || column == "run_at"
        || column.ends_with("_after")
}

/// Says whether a value is known at run time only, or a point in time that a literal names.
fn is_bound(value: &Expr) -> bool {
    match unnested(value) {
        Expr::Value(value) => matches!(value.value, Value::Placeholder(_) | Value::SingleQuotedString(_)),
        Expr::Function(_) => true,
        Expr::BinaryOp { left, right, .. } => is_bound(left) || is_bound(right),
        Expr::Cast { expr, .. } => is_bound(expr),
        _ => false,
    }
}
