//! What an index costs because its table is written to.
//!
//! PostgreSQL's planner never asks, so there is no formula of its own to follow; this one is made of the same parts. A
//! new entry costs the way down the tree, which is what `btcostestimate` charges a search for (`selfuncs.c`), its
//! insertion (`cpu_index_tuple_cost`) and its leaf, fetched and later written back, out of sequence as far as the new
//! values are out of order: by the square of the correlation, as `cost_index` goes between its two extremes. An entry of
//! a row that is gone waits for a vacuum, which reads the whole index once in `autovacuum_vacuum_threshold` +
//! `autovacuum_vacuum_scale_factor` × rows of them. Every method is priced as a b-tree with one entry a row.
//!
//! A change of a row makes new entries in all indexes of the table, unless none of them holds a column that it sets (a
//! heap-only tuple, `README.HOT`): so an index on such a column is charged with what the others then have to do, too.

use std::collections::BTreeSet;

use super::{CPU_INDEX_TUPLE, CPU_OPERATOR, RANDOM_PAGE, SEQ_PAGE};
use crate::catalog::IndexDef;
use crate::name::Ident;
use crate::stats::TableStats;
use crate::writes::Writes;

/// Handling a page on the way down (`DEFAULT_PAGE_CPU_MULTIPLIER`), in operators.
const OPERATORS_A_PAGE: f64 = 50.0;
/// When a table is vacuumed: at so many dead rows, and at such a part of its rows.
const VACUUM: (f64, f64) = (50.0, 0.2);
/// Entries of an inner page, for the height: those of a key of some ten bytes, on a page seven tenths full.
const FAN_OUT: f64 = 200.0;
/// Bytes of a page that a build fills, of an entry's header, of its line pointer.
const LEAF: f64 = 8152.0 * 0.9;
const ENTRY: f64 = 8.0 + 4.0;

/// An index whose upkeep is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// What it holds.
    pub def: &'a IndexDef,
    /// Its size, where it is known.
    pub bytes: Option<u64>,
}

/// Prices what one more index on a table costs because rows are written, beside the `others` that it has; in the
/// planner's units, times the unit of the weights.
pub fn upkeep(index: Held<'_>, others: &[Held<'_>], table: &TableStats, writes: &Writes) -> f64 {
    let held: BTreeSet<Ident> = others.iter().flat_map(|other| columns(other.def)).collect();
    // Changes that are told to the indexes as it is, and those that would be because of this one.
    let told = match writes.hot_share {
        Some(hot) => writes.updated * (1.0 - hot),
        None => writes.changing(&held),
    };
    let free = writes.updated - told;
    let new: BTreeSet<Ident> = columns(index.def).difference(&held).cloned().collect();
    let lost = writes.changing(&new).min(free);
    let part = part(index.def, table);
    let entries = (writes.inserted + told + lost) * part;
    let gone = (writes.deleted + told + lost) * part;
    let at_others: f64 = others.iter().map(|other| lost * (new_entry(*other, table) + gone_entry(*other, table))).sum();
    entries * new_entry(index, table) + gone * gone_entry(index, table) + at_others
}

impl Writes {
    /// At most how many changes of rows set one of some columns.
    fn changing(&self, columns: &BTreeSet<Ident>) -> f64 {
        let most: f64 = columns.iter().filter_map(|column| self.set.get(column)).sum();
        most.min(self.updated)
    }
}

/// The columns that an index looks at: its keys', those carried along, those of its condition.
fn columns(def: &IndexDef) -> BTreeSet<Ident> {
    let mut found: BTreeSet<Ident> = def.include.iter().cloned().collect();
    def.keys.iter().map(|key| &key.expr).chain(&def.predicate).for_each(|expr| found.extend(expr.columns()));
    found
}

/// The fraction of rows that a partial index holds.
fn part(def: &IndexDef, table: &TableStats) -> f64 {
    def.predicate.as_ref().map_or(1.0, |condition| super::condition_selectivity(condition, Some(table)))
}

/// What a new entry costs.
fn new_entry(index: Held<'_>, table: &TableStats) -> f64 {
    let pages = pages(index, table);
    let height = (pages.ln() / FAN_OUT.ln()).ceil().max(0.0);
    let entries = (table.rows * part(index.def, table)).max(2.0);
    let descent = (entries.log2().ceil() + (height + 1.0) * OPERATORS_A_PAGE) * CPU_OPERATOR;
    let of_column = index.def.keys.first().and_then(|key| table.columns.get(key.expr.as_column()?));
    let ordered = of_column.map_or(0.0, |column| column.correlation * column.correlation);
    // Where there is one leaf, it is always at hand.
    let leaf = 2.0 * RANDOM_PAGE * (1.0 - ordered) * (1.0 - 1.0 / pages);
    descent + CPU_INDEX_TUPLE + leaf
}

/// What an entry costs that leads nowhere any more.
fn gone_entry(index: Held<'_>, table: &TableStats) -> f64 {
    let (least, part) = VACUUM;
    SEQ_PAGE * pages(index, table) / (least + part * table.rows)
}

fn pages(index: Held<'_>, table: &TableStats) -> f64 {
    let bytes = index.bytes.map(|bytes| bytes as f64 / 8192.0);
    let width = |column: Ident| table.columns.get(&column).map_or(8.0, |column| column.avg_width);
    let entry = || ENTRY + columns(index.def).into_iter().map(width).sum::<f64>();
    bytes.unwrap_or_else(|| table.rows * part(index.def, table) * entry() / LEAF).max(1.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dialect::Dialect;
    use crate::expr::{Expr, Op};
    use crate::name::QName;
    use crate::stats::{ColumnRole, ColumnStats, StatsSource};

    fn table() -> TableStats {
        let column = |name: &str, correlation: f64| {
            let stats = ColumnStats {
                null_fraction: 0.5,
                avg_width: 8.0,
                n_distinct: 1e6,
                correlation,
                role: ColumnRole::Quantity,
                source: StatsSource::Assumed,
                values: None,
            };
            (Ident::new(name), stats)
        };
        TableStats {
            rows: 1e6,
            pages: 1e4,
            source: StatsSource::Assumed,
            columns: BTreeMap::from([column("id", 1.0), column("at", 1.0), column("token", 0.0), column("state", 0.0)]),
            visible: None,
            indexes: BTreeMap::new(),
            extended: BTreeMap::new(),
        }
    }

    fn of(columns: &[&str], writes: &Writes) -> f64 {
        let def = |columns: &[&str]| IndexDef::btree(Dialect::Postgres, QName::plain("t"), columns.iter().copied());
        let (own, key) = (def(columns), def(&["id"]));
        upkeep(Held { def: &own, bytes: None }, &[Held { def: &key, bytes: None }], &table(), writes)
    }

    fn near(seen: f64, expect: f64) {
        assert!((seen - expect).abs() < 0.01 * expect.abs().max(0.01), "{seen}, not {expect}");
    }

    #[test]
    fn an_entry_costs_its_way_down_and_its_leaf() {
        let inserted = Writes { inserted: 1.0, ..Writes::default() };
        // 20 comparisons, 3 pages: 170 operators of 0.0025, and the entry.
        near(of(&["at"], &inserted), 170.0 * 0.0025 + 0.005 + 0.0);
        near(of(&["token"], &inserted), 170.0 * 0.0025 + 0.005 + 8.0);
        assert_eq!(of(&["token"], &Writes::default()), 0.0);
    }

    #[test]
    fn what_is_gone_is_paid_for_when_the_index_is_read_whole() {
        // 1e6 entries of 20 bytes on pages of 7336.8.
        near(of(&["at"], &Writes { deleted: 1.0, ..Writes::default() }), 2726.0 / 200_050.0);
    }

    #[test]
    fn a_change_costs_an_index_on_what_is_set_and_all_others_with_it() {
        let set = BTreeMap::from([(Ident::new("state"), 80.0)]);
        let writes = Writes { updated: 100.0, set, ..Writes::default() };
        assert_eq!(of(&["token"], &writes), 0.0, "no index is told");
        let (new, key) = (170.0 * 0.0025 + 0.005 + 8.0, 170.0 * 0.0025 + 0.005);
        let gone = 2726.0 / 200_050.0;
        near(of(&["state"], &writes), 80.0 * (new + gone + key + gone));
        near(of(&["token", "state"], &writes), 80.0 * (new + key) + 80.0 * (3862.0 + 2726.0) / 200_050.0);
        let counted = Writes { hot_share: Some(0.1), ..writes };
        near(of(&["token"], &counted), 90.0 * (new + gone));
        near(of(&["state"], &counted), 100.0 * (new + gone) + 10.0 * (key + gone));
    }

    #[test]
    fn a_partial_index_is_told_of_its_part() {
        let mut def = IndexDef::btree(Dialect::Postgres, QName::plain("t"), ["at"]);
        def.predicate = Some(Expr::op(Op::IsNull, vec![Expr::column("state")]));
        let inserted = Writes { inserted: 1.0, ..Writes::default() };
        let part = upkeep(Held { def: &def, bytes: None }, &[], &table(), &inserted);
        near(part, 0.5 * (169.0 * 0.0025 + 0.005));
    }
}
