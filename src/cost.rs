//! What a plan costs, in PostgreSQL's units, from the statistics model: the engine chooses the plan, this prices it.
//!
//! Rows flow down nested loops by selectivity, pages are counted as PostgreSQL counts them, LIMIT stops what does not
//! block. The formulas are those of PostgreSQL's `costsize.c` and `selfuncs.c`, cited where they stand; the parameter
//! policy is that of `docs/statistics.md`. A price is only ever compared with another price of the same query: it is no
//! time, and no figure for a report of a stand-in engine. Knows no engine's words, only [`crate::plan`].

mod access;
mod block;
mod geometry;
mod selectivity;
#[cfg(test)]
mod tests;
pub mod upkeep;

use crate::catalog::{Catalog, IndexDef, IndexId, Table};
use crate::plan::Plan;
use crate::query::{AccessPattern, QueryShape, RefId};
use crate::stats::{StatsModel, TableStats};

pub use selectivity::{access_selectivity, condition_selectivity, distinct, is_due, selectivity};

/// Reading a page in sequence (`seq_page_cost`).
const SEQ_PAGE: f64 = 1.0;
/// Reading a page out of sequence (`random_page_cost`).
const RANDOM_PAGE: f64 = 4.0;
/// Handling a row (`cpu_tuple_cost`).
const CPU_TUPLE: f64 = 0.01;
/// Handling an index entry (`cpu_index_tuple_cost`).
const CPU_INDEX_TUPLE: f64 = 0.005;
/// Evaluating an operator (`cpu_operator_cost`).
const CPU_OPERATOR: f64 = 0.0025;

/// What a plan is priced with.
#[derive(Clone, Copy)]
pub struct PriceContext<'a> {
    /// What the query asks.
    pub shape: &'a QueryShape,
    /// The schema.
    pub catalog: &'a Catalog,
    /// The statistics.
    pub stats: &'a StatsModel,
    /// Definitions of indexes that the schema does not have.
    pub candidates: &'a dyn Fn(IndexId) -> Option<&'a IndexDef>,
    /// The rows a `LIMIT $1` is taken to ask for (`limits.limit-rows`).
    pub limit_rows: u64,
}

/// Prices a plan.
pub fn price(plan: &Plan, cx: &PriceContext<'_>) -> f64 {
    let references = cx.shape.references.iter().zip(&cx.shape.patterns).map(|(reference, pattern)| Reference {
        table: cx.catalog.table(&reference.table),
        stats: cx.stats.table(&reference.table),
        pattern,
        nullable_side: reference.nullable_side,
        block: reference.block,
    });
    let pricer = Pricer { cx: *cx, references: references.collect() };
    pricer.root(&plan.root)
}

/// A table reference and what is known of it.
struct Reference<'a> {
    table: Option<&'a Table>,
    stats: Option<&'a TableStats>,
    pattern: &'a AccessPattern,
    nullable_side: bool,
    block: u16,
}

impl Reference<'_> {
    /// Rows; a table without statistics is one that nothing is known of.
    fn rows(&self) -> f64 {
        self.stats.map_or(1e4, |stats| stats.rows).max(1.0)
    }

    fn pages(&self) -> f64 {
        self.stats.map_or(100.0, |stats| stats.pages).max(1.0)
    }
}

/// Prices one plan.
struct Pricer<'a> {
    cx: PriceContext<'a>,
    references: Vec<Reference<'a>>,
}

impl<'a> Pricer<'a> {
    fn reference(&self, id: RefId) -> Option<&Reference<'a>> {
        self.references.get(usize::from(id.0))
    }

    /// Finds the definition of an index on a reference's table, existing or candidate.
    fn index(&self, reference: &Reference<'a>, id: IndexId) -> Option<&'a IndexDef> {
        let existing = reference.table.and_then(|table| table.indexes.iter().find(|index| index.id == id));
        existing.map(|index| &index.def).or_else(|| (self.cx.candidates)(id))
    }
}

/// What running a step costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Run {
    /// Paid once, however often the step is run (a transient index, a materialised subquery).
    once: f64,
    /// Paid each time before the first row comes.
    startup: f64,
    /// Paid each time for all rows.
    rest: f64,
    /// The rows that come each time.
    rows: f64,
}

impl Run {
    fn total(&self) -> f64 {
        self.once + self.startup + self.rest
    }

    /// Stops after so many rows.
    fn stopped_after(mut self, rows: f64) -> Self {
        if rows < self.rows {
            self.rest *= rows / self.rows;
            self.rows = rows;
        }
        self
    }

    /// Holds every row back until the last is known.
    fn blocked(mut self) -> Self {
        self.startup += std::mem::take(&mut self.rest);
        self
    }
}

/// What a step is run under.
#[derive(Clone, Copy, Debug)]
struct Under {
    /// How often the step is run.
    loops: f64,
    /// The references whose rows are known by then.
    known: Known,
    /// The rows that the block's LIMIT asks for.
    limit: Option<f64>,
    /// Whether rows may be fetched in the order of pages instead of the index's.
    fetch: Fetch,
}

/// In which order an index's rows may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fetch {
    /// In the index's only: the order is wanted, or the first rows are, or the engine knows no other.
    Index,
    /// Also page by page, as a bitmap scan does.
    Pages,
}

/// A set of references; those from 128 on are never in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known(u128);

impl Known {
    fn has(self, id: RefId) -> bool {
        id.0 < 128 && self.0 & (1 << id.0) != 0
    }

    fn add(&mut self, id: RefId) {
        if id.0 < 128 {
            self.0 |= 1 << id.0;
        }
    }
}
