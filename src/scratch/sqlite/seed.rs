//! The rows of `sqlite_stat1` that stand for the statistics model.
//!
//! The row of an index is `R a b c`: its rows, then how many rows share a value of the first key, of the first two, and
//! so on (sqlite.org/fileformat2.html, "The sqlite_stat1 table"). Distinct values of several keys together are taken as
//! min(R, product), as `statistics.md` says.

use crate::catalog::{IndexDef, Method};
use crate::cost;
use crate::stats::{IndexStats, TableStats};

/// Rows as SQLite takes them: whole, and at least one.
pub(super) fn whole(rows: f64) -> u64 {
    // The cast saturates, and nobody has 2^63 rows.
    rows.round().max(1.0) as u64
}

/// The statistics of an index; those that production noted for it win.
pub(super) fn stat(def: &IndexDef, stats: &TableStats, known: Option<&IndexStats>) -> String {
    // An index of that name may be another one there.
    if let Some(known) = known.filter(|known| known.shared.len() == def.keys.len()) {
        let numbers = [known.rows].into_iter().chain(known.shared.iter().copied());
        return numbers.map(|number| whole(number).to_string()).collect::<Vec<_>>().join(" ");
    }
    let held = def.predicate.as_ref().map_or(1.0, |predicate| cost::condition_selectivity(predicate, Some(stats)));
    let rows = (stats.rows * held).max(1.0);
    let mut text = whole(rows).to_string();
    let mut distinct = 1.0;
    for (at, key) in def.keys.iter().enumerate() {
        distinct = f64::min(rows, distinct * cost::distinct(&key.expr, Some(stats)).0);
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
