//! SQLite's statistics: what `ANALYZE` left in `sqlite_stat1`, and the extent of every table and index.
//!
//! A table that was never analyzed has its rows counted: few applications ever run `ANALYZE`. The samples of
//! `sqlite_stat4` are left where they are, although the bundled library is built to plan by them: they are rows of the
//! data, and of use only for values that are known when a query is planned, while applications send parameters.

use std::collections::BTreeMap;

use super::{Asked, Row};
use crate::name::QName;
use crate::snapshot::{ColumnFigures, FORM, IndexFigures, Snapshot, TableFigures};

const TABLES: &str = "SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1";

/// The first key of every index, as far as it is a column's.
const KEYS: &str = "SELECT t.name, i.name, x.name, i.partial FROM pragma_table_list t
JOIN pragma_index_list(t.name) i JOIN pragma_index_xinfo(i.name) x
WHERE t.schema = 'main' AND t.type = 'table' AND x.seqno = 0 ORDER BY 1, 2";

const ANALYZED: &str = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'";
const STATISTICS: &str = "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2";
const EXTENT: &str = "SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE";

/// Bytes of the pages that extents are told in.
const PAGE_BYTES: f64 = 8192.0;

/// Reads a database's statistics; `version` is that of the library that wrote it.
///
/// # Errors
/// SQLite's words: it is no database, or somebody holds it.
pub fn sqlite(ask: Asked<'_>, version: Option<&str>) -> Result<Snapshot, String> {
    // All that is read is read from one state of the file.
    ask("BEGIN")?;
    let mut snapshot = Snapshot {
        planlint_stats: FORM,
        product: "sqlite".to_owned(),
        version: version.unwrap_or_default().to_owned(),
        ..Snapshot::default()
    };
    let tables = ask(TABLES)?;
    let extents = ask(EXTENT)?.iter().filter_map(|row| Some((text(row, 0)?.to_owned(), number(row, 1)?))).collect();
    let analyzed = if ask(ANALYZED)?.is_empty() { Vec::new() } else { ask(STATISTICS)? };
    let read = Read { extents, stats: analyzed.iter().filter_map(stat).collect(), keys: ask(KEYS)? };
    let mut counted = 0;
    for name in tables.iter().filter_map(|row| text(row, 0)) {
        let mut figures = read.table(name);
        if figures.rows.is_none() {
            counted += 1;
            let rows = ask(&format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\"")))?;
            figures.rows = rows.first().and_then(|row| number(row, 0));
        }
        snapshot.tables.insert(QName::plain(name), figures);
    }
    if counted > 0 {
        let tables = if counted == 1 { "table" } else { "tables" };
        snapshot.missing.push(format!("{counted} {tables} never analyzed: only the rows are known"));
    }
    ask("COMMIT")?;
    Ok(snapshot)
}

/// A row of `sqlite_stat1`: the rows, then how many share a value of the first key, of the first two, and so on.
struct Stat {
    table: String,
    index: Option<String>,
    rows: f64,
    shared: Vec<f64>,
}

fn stat(row: &Row) -> Option<Stat> {
    // Words may follow the numbers (`unordered`, `sz=120`).
    let mut numbers = text(row, 2)?.split(' ').map_while(|number| number.parse::<f64>().ok());
    let rows = numbers.next()?;
    Some(Stat {
        table: text(row, 0)?.to_owned(),
        index: text(row, 1).map(str::to_owned),
        rows,
        shared: numbers.collect(),
    })
}

struct Read {
    /// Bytes, by table and index.
    extents: BTreeMap<String, f64>,
    stats: Vec<Stat>,
    keys: Vec<Row>,
}

impl Read {
    fn table(&self, name: &str) -> TableFigures {
        let stats = || self.stats.iter().filter(|stat| stat.table == name);
        let mut figures = TableFigures {
            // An index with a condition holds a part of them.
            rows: stats().map(|stat| stat.rows).reduce(f64::max).filter(|_| self.is_whole(name)),
            pages: self.pages(name),
            ..TableFigures::default()
        };
        for stat in stats() {
            let Some(index) = &stat.index else { continue };
            // The key of a WITHOUT ROWID table goes by the table's name, and its pages are the table's.
            if let Some(pages) = self.pages(index).filter(|_| index != name) {
                let known = IndexFigures { rows: stat.rows, pages, scans: None, shared: stat.shared.clone() };
                figures.indexes.insert(index.clone(), known);
            }
            let Some((column, false)) = self.first_key(name, index) else { continue };
            let Some(shared) = stat.shared.first().filter(|shared| **shared >= 1.0) else { continue };
            let distinct = (stat.rows / shared).ceil();
            let column: &mut ColumnFigures = figures.columns.entry(column.to_owned()).or_default();
            column.distinct = Some(column.distinct.unwrap_or(0.0).max(distinct));
        }
        figures
    }

    /// Says whether some row of the statistics speaks of all rows of a table.
    fn is_whole(&self, table: &str) -> bool {
        let mut stats = self.stats.iter().filter(|stat| stat.table == table);
        stats.any(|stat| {
            stat.index.as_ref().is_none_or(|index| {
                let partial = |row: &Row| text(row, 1) == Some(index) && text(row, 3) == Some("1");
                !self.keys.iter().any(partial)
            })
        })
    }

    /// The column that an index leads with, and whether the index has a condition.
    fn first_key(&self, table: &str, index: &str) -> Option<(&str, bool)> {
        let named = |row: &&Row| text(row, 0) == Some(table) && text(row, 1) == Some(index);
        let row = self.keys.iter().find(named)?;
        Some((text(row, 2)?, text(row, 3) == Some("1")))
    }

    fn pages(&self, name: &str) -> Option<f64> {
        self.extents.get(name).map(|bytes| (bytes / PAGE_BYTES).ceil())
    }
}

fn text(row: &Row, at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn number(row: &Row, at: usize) -> Option<f64> {
    text(row, at)?.parse().ok()
}
