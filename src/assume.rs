//! Statistics for a schema whose production figures nobody gave: assumed from keys, types, names and the queries.
//!
//! The rules and what they were measured on stand in `docs/statistics.md`. What the configuration says of a table wins,
//! a table at a time, and the fan-out of other tables restarts from it. Pure and without surprises: the same schema and
//! queries give the same figures. Knows no engine.

mod columns;
mod evidence;
mod polymorphic;
mod rows;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Column, Table};
use crate::config::{ColumnSettings, Config, TableSettings};
use crate::name::QName;
use crate::query::QueryShape;
use crate::stats::{ColumnStats, StatsModel, StatsSource, TableStats};

use evidence::Evidence;
pub use polymorphic::{Polymorphic, polymorphic};
pub use rows::RowBasis;
pub use words::is_few_valued;

/// Bytes of a page.
const PAGE_BYTES: f64 = 8192.0;
/// How full pages are on average.
const FILL: f64 = 0.9;
/// Bytes a row takes beside its values: a 24-byte header and a 4-byte line pointer (PostgreSQL manual, "Database Page Layout").
const ROW_OVERHEAD_BYTES: f64 = 28.0;

/// Assumes the statistics of every table; `shapes` are the queries, whose constants and NULL tests are evidence.
pub fn assume(catalog: &Catalog, config: &Config, shapes: &[&QueryShape]) -> StatsModel {
    let evidence = Evidence::of(shapes);
    let given = |name: &QName| settings(catalog, config, name);
    let rows = rows::rows(catalog, &|name| given_rows(catalog, config, name));
    let named = catalog.tables.values().map(|table| (&table.name.name, table)).collect();
    let tables = catalog.tables.values().map(|table| {
        let facts = columns::Facts { catalog, table, rows: &rows, named: &named, evidence: &evidence };
        (table.name.clone(), assume_table(&facts, given(&table.name)))
    });
    StatsModel { tables: tables.collect(), origin: None, searches: None }
}

/// Says where the rows of every table come from that `stats` holds.
pub fn row_bases(catalog: &Catalog, config: &Config, stats: &StatsModel) -> BTreeMap<QName, RowBasis> {
    let source = |name: &QName| stats.table(name).map_or(StatsSource::Assumed, |table| table.source);
    let known =
        |name: &QName| stats.table(name).filter(|_| source(name) > StatsSource::Assumed).map(|table| table.rows);
    let bases = rows::bases(catalog, &|name| known(name).or_else(|| given_rows(catalog, config, name)));
    let is_pulled = |name: &QName| source(name) >= StatsSource::Production;
    bases
        .into_iter()
        .map(|(name, basis)| if is_pulled(&name) { (name, RowBasis::Pulled) } else { (name, basis) })
        .collect()
}

fn given_rows(catalog: &Catalog, config: &Config, name: &QName) -> Option<f64> {
    let table = settings(catalog, config, name)?;
    table.rows.or_else(|| table.small.then(|| small_rows(config)))
}

/// Returns the keys of the tables and columns that the configuration names and the schema does not have
/// (`["tables", "orders", "columns", "total"]`).
pub fn unknown_settings(catalog: &Catalog, config: &Config) -> Vec<Vec<String>> {
    let mut unknown = Vec::new();
    for (name, table_settings) in &config.tables {
        match catalog.table(&QName::read(name)) {
            None => unknown.push(key(&["tables", name])),
            Some(table) => {
                let missing =
                    table_settings.columns.keys().filter(|column| table.column(&column.as_str().into()).is_none());
                unknown.extend(missing.map(|column| key(&["tables", name, "columns", column])));
            }
        }
    }
    unknown
}

fn key(parts: &[&str]) -> Vec<String> {
    parts.iter().map(ToString::to_string).collect()
}

/// The rows of a table that the configuration calls small: so many as a lookup table is assumed to have.
fn small_rows(config: &Config) -> f64 {
    rows::LOOKUP.min((config.limits.min_rows - 1.0).floor())
}

fn assume_table(facts: &columns::Facts<'_>, given: Option<&TableSettings>) -> TableStats {
    let rows = facts.rows[&facts.table.name];
    let stats_of = |column: &Column| {
        let assumed = columns::assume(facts, column);
        let said = given.and_then(|table| table.columns.iter().find(|(name, _)| column.name == name.as_str()));
        (column.name.clone(), said.map_or(assumed.clone(), |(_, said)| overridden(assumed, said, rows)))
    };
    let columns = facts.table.columns.iter().map(stats_of).collect();
    let source =
        if given.is_some_and(|table| table.rows.is_some()) { StatsSource::Configured } else { StatsSource::Assumed };
    let mut table = TableStats {
        rows,
        pages: 0.0,
        source,
        columns,
        visible: None,
        indexes: BTreeMap::new(),
        extended: BTreeMap::new(),
    };
    table.pages = pages(&table);
    table
}

fn overridden(assumed: ColumnStats, said: &ColumnSettings, rows: f64) -> ColumnStats {
    ColumnStats {
        n_distinct: said.distinct.unwrap_or(assumed.n_distinct).clamp(1.0, rows.max(1.0)),
        null_fraction: said.null_fraction.unwrap_or(assumed.null_fraction).clamp(0.0, 1.0),
        correlation: said.correlation.unwrap_or(assumed.correlation).clamp(-1.0, 1.0),
        source: StatsSource::Configured,
        ..assumed
    }
}

/// The pages that so many rows of these columns fill; at least one.
fn pages(table: &TableStats) -> f64 {
    let width: f64 = table.columns.values().map(|column| column.avg_width * (1.0 - column.null_fraction)).sum();
    (table.rows * (width + ROW_OVERHEAD_BYTES) / (PAGE_BYTES * FILL)).ceil().max(1.0)
}

fn settings<'a>(catalog: &Catalog, config: &'a Config, name: &QName) -> Option<&'a TableSettings> {
    let named = |table: &Table| table.name == *name;
    config.tables.iter().find(|(key, _)| catalog.table(&QName::read(key)).is_some_and(named)).map(|(_, found)| found)
}
