//! Pages: how many an index has, how many a number of rows touches, and what reading them costs.

use crate::catalog::IndexDef;
use crate::stats::TableStats;

use super::selectivity::{condition_selectivity, key_width};
use super::{CPU_OPERATOR, RANDOM_PAGE, SEQ_PAGE};

/// Bytes of a page, less the tenth that stays free.
const PAGE_BYTES: f64 = 8192.0 * 0.9;
/// Bytes of an index entry beside its keys: an 8-byte header and a 4-byte line pointer.
const ENTRY_OVERHEAD_BYTES: f64 = 12.0;
/// Entries of an inner index page, which set the height of the tree.
const FAN_OUT: f64 = 256.0;
/// Pages that stay in memory (`effective_cache_size`, 4 GB).
const CACHED_PAGES: f64 = 524_288.0;

/// An index as it lies on disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree {
    /// Its entries.
    pub entries: f64,
    /// Its pages.
    pub pages: f64,
    /// The square of the correlation between its order and the table's.
    pub order: f64,
}

impl Tree {
    /// Sizes an index from its definition.
    pub(super) fn of(index: Option<&IndexDef>, rows: f64, stats: Option<&TableStats>) -> Self {
        let Some(index) = index else { return Self::sized(rows, 16.0, 0.0) };
        let held = index.predicate.as_ref().map_or(1.0, |predicate| condition_selectivity(predicate, stats));
        let included =
            index.include.iter().filter_map(|column| Some(stats?.columns.get(column)?.avg_width)).sum::<f64>();
        let width = index.keys.iter().map(|key| key_width(&key.expr, stats)).sum::<f64>() + included;
        let correlation =
            index.keys.first().and_then(|key| key.expr.as_column()).and_then(|column| stats?.columns.get(column));
        let correlation = correlation.map_or(0.0, |column| column.correlation);
        // Later keys shuffle the rows of one leading value (`btcostestimate`).
        let correlation = if index.keys.len() > 1 { correlation * 0.75 } else { correlation };
        Self::sized((rows * held).max(1.0), width, correlation * correlation)
    }

    fn sized(entries: f64, width: f64, order: f64) -> Self {
        Self { entries, pages: (entries * (width + ENTRY_OVERHEAD_BYTES) / PAGE_BYTES).ceil().max(1.0), order }
    }

    /// The cost of finding a place in the tree (`btcostestimate`: comparisons, and 50 operators a page).
    pub(super) fn descent(&self) -> f64 {
        let height = if self.pages > 1.0 { (self.pages.ln() / FAN_OUT.ln()).ceil() } else { 0.0 };
        (self.entries.max(2.0).log2().ceil() + (height + 1.0) * 50.0) * CPU_OPERATOR
    }

    /// The cost of reading the leaves that hold so many entries, `loops` times over, each time.
    pub(super) fn leaves(&self, entries: f64, descents: f64, loops: f64) -> f64 {
        let leaves = (entries * self.pages / self.entries).ceil().max(descents.min(self.pages)).max(1.0);
        touched_each(leaves, self.pages, loops) * RANDOM_PAGE
    }
}

/// The different pages that fetching so many rows touches (Mackert and Lohman 1989, as in `index_pages_fetched`).
pub(super) fn touched(rows: f64, pages: f64) -> f64 {
    let spread = |rows: f64| 2.0 * pages * rows / (2.0 * pages + rows);
    if pages <= CACHED_PAGES {
        return spread(rows).ceil().min(pages);
    }
    let limit = 2.0 * pages * CACHED_PAGES / (2.0 * pages - CACHED_PAGES);
    let touched =
        if rows <= limit { spread(rows) } else { CACHED_PAGES + (rows - limit) * (pages - CACHED_PAGES) / pages };
    touched.ceil()
}

/// The pages one of `loops` runs touches that no run before it did.
fn touched_each(rows: f64, pages: f64, loops: f64) -> f64 {
    if loops > 1.0 { touched(rows * loops, pages) / loops } else { rows.min(pages) }
}

/// The cost of fetching rows in an index's order, between every row on another page and all side by side (`cost_index`).
pub(super) fn fetch_by_index(rows: f64, table_rows: f64, pages: f64, order: f64, loops: f64) -> f64 {
    let together = (rows / table_rows * pages).ceil().max(1.0);
    let (apart, beside) = if loops > 1.0 {
        (touched(rows * loops, pages) / loops * RANDOM_PAGE, touched(together * loops, pages) / loops * RANDOM_PAGE)
    } else {
        (touched(rows, pages).max(1.0) * RANDOM_PAGE, RANDOM_PAGE + (together - 1.0) * SEQ_PAGE)
    };
    apart + order * (beside.min(apart) - apart)
}

/// The cost of fetching rows page by page (`cost_bitmap_heap_scan`).
pub(super) fn fetch_by_page(rows: f64, pages: f64, loops: f64) -> f64 {
    let touched = if loops > 1.0 { touched(rows * loops, pages) / loops } else { touched(rows, pages).max(1.0) };
    // A first page is as far away as any; each more is nearer to the one before.
    let each = RANDOM_PAGE - (RANDOM_PAGE - SEQ_PAGE) * ((touched - 1.0).max(0.0) / pages).sqrt().min(1.0);
    let least = RANDOM_PAGE * touched.min(1.0);
    (touched * each).max(least) + 0.1 * CPU_OPERATOR * rows
}
