//! The rows of `sqlite_stat1` that stand for the statistics model.
//!
//! The row of an index is `R a b c`: its rows, then how many rows share a value of the first key, of the first two, and
//! so on (sqlite.org/fileformat2.html, "The sqlite_stat1 table"). Distinct values of several keys together are taken as
//! min(R, product), as `statistics.md` says.

use crate::catalog::{IndexDef, Method};
use crate::expr::{Expr, Op};
use crate::stats::TableStats;

/// Rows as SQLite takes them: whole, and at least one.
pub(super) fn whole(rows: f64) -> u64 {
    // The cast saturates, and nobody has 2^63 rows.
    rows.round().max(1.0) as u64
}

/// The statistics of an index.
pub(super) fn stat(def: &IndexDef, stats: &TableStats) -> String {
    let share = def.predicate.as_ref().map_or(1.0, |predicate| share(predicate, stats));
    let rows = (stats.rows * share).max(1.0);
    let mut text = whole(rows).to_string();
    let mut distinct = 1.0;
    for (at, key) in def.keys.iter().enumerate() {
        distinct = f64::min(rows, distinct * distinct_of(&key.expr, stats));
        let whole_unique_key = def.unique && at + 1 == def.keys.len();
        let alike = if whole_unique_key { 1.0 } else { (rows / distinct).ceil() };
        text.push(' ');
        text.push_str(&whole(alike).to_string());
    }
    if def.method == Method::Hash {
        // SQLite then uses it neither for ranges nor for order.
        text.push_str(" unordered");
    }
    text
}

/// Distinct values of a key: those of its only column; of anything else a tenth of the rows.
fn distinct_of(key: &Expr, stats: &TableStats) -> f64 {
    let columns = key.columns();
    let mut columns = columns.iter();
    let known = match (columns.next(), columns.next()) {
        (Some(only), None) => stats.columns.get(only).map(|column| column.n_distinct),
        _ => None,
    };
    known.unwrap_or(stats.rows / 10.0).max(1.0)
}

/// The share of a table's rows that a partial index holds.
fn share(predicate: &Expr, stats: &TableStats) -> f64 {
    predicate.conjuncts().iter().map(|conjunct| share_of_one(conjunct, stats)).product()
}

fn share_of_one(conjunct: &Expr, stats: &TableStats) -> f64 {
    let Expr::Op { op, operands } = conjunct else { return 0.5 };
    let column = operands.first().and_then(Expr::as_column).and_then(|column| stats.columns.get(column));
    let Some(column) = column else { return 1.0 / 3.0 };
    let one_value = (1.0 - column.null_fraction) / column.n_distinct.max(1.0);
    match op {
        Op::IsNull => column.null_fraction.max(0.01),
        Op::IsNotNull => (1.0 - column.null_fraction).max(0.01),
        Op::Eq => one_value,
        Op::In => (one_value * (operands.len() - 1) as f64).min(1.0),
        Op::NotEq => 1.0 - one_value,
        _ => 1.0 / 3.0,
    }
}
