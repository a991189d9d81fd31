//! The file of production's statistics, `planlint-stats.json`: its form, and what it says of a schema.
//!
//! Made to be read by a person before it is committed: names sorted, one figure a line, no time, no host, no user, and
//! values only where they were asked for. Knows no database and no file system.

mod activity;
mod dump;
mod searches;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::catalog::{Catalog, Column, Index, Table, TableKind, TypeClass};
use crate::config::{Config, TableSettings};
use crate::dialect::{Dialect, Version};
use crate::name::{Ident, QName};
use crate::stats::{
    ColumnRole, ColumnStats, ColumnValues, ExtendedStats, IndexStats, Origin, StatsModel, StatsSource, TableStats,
};

pub use activity::{ActivityFigures, StatementFigures, StatementsFigures};
pub use searches::searches;

/// The form of the file.
pub const FORM: u32 = 1;
/// How the file is named unless something else is said.
pub const FILE: &str = "planlint-stats.json";

/// What a database knows of its data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The form of the file, [`FORM`].
    pub planlint_stats: u32,
    /// Which product it is from: `postgres` or `sqlite`.
    pub product: String,
    /// Its version as it prints it.
    pub version: String,
    /// How it orders text: `icu en-US`, `libc en_US.utf8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// Settings that steer its planner.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// The day (UTC) since which scans and changes are counted, where the server knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_since: Option<String>,
    /// The day (UTC) until which they are counted, that of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_until: Option<String>,
    /// By name, without the default schema.
    pub tables: BTreeMap<QName, TableFigures>,
    /// What statements cost, where the server counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<StatementsFigures>,
    /// What could not be read, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// What is known of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableFigures {
    /// Rows, where the database ever counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<f64>,
    /// 8 KiB pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<f64>,
    /// How many of them hold only rows that everybody sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_pages: Option<f64>,
    /// By name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, ColumnFigures>,
    /// By name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub indexes: BTreeMap<String, IndexFigures>,
    /// Extended statistics, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extended: BTreeMap<String, ExtendedStats>,
    /// What was done to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<ActivityFigures>,
}

/// What is known of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnFigures {
    /// Fraction of NULLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_fraction: Option<f64>,
    /// Average bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avg_width: Option<f64>,
    /// Distinct values; negative where they are a part of the rows, as PostgreSQL notes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distinct: Option<f64>,
    /// Correlation of value order with row order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
    /// The fractions of rows that hold the most common values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common_fractions: Vec<f64>,
    /// Those values, only where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common_values: Vec<String>,
    /// Bounds of slices with equally many of the other rows, only where they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub histogram: Vec<String>,
}

/// What is known of an index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexFigures {
    /// Entries.
    pub rows: f64,
    /// 8 KiB pages.
    pub pages: f64,
    /// How often it was searched since the server's counters began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scans: Option<u64>,
    /// How many rows share a value of the first key, of the first two, and so on, as SQLite notes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<f64>,
}

/// Why a file of statistics cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SnapshotError {
    /// It is of another form.
    #[error("it is of form {0}, this planlint reads form {FORM}")]
    Form(u64),
    /// It is no such file at all.
    #[error("it is no file of statistics: {0}")]
    Unread(String),
}

/// Says whether a database under this collation compares texts letter by letter: `C` does, and whatever PostgreSQL itself
/// provides.
pub fn is_by_letters(collation: &str) -> bool {
    ["libc C", "libc POSIX"].contains(&collation) || collation.starts_with("builtin ")
}

impl Snapshot {
    /// Reads a file, ours or one that `pg_dump --statistics-only` wrote.
    ///
    /// # Errors
    /// When it is none, or of another form.
    pub fn read(text: &str) -> Result<Self, SnapshotError> {
        if !text.trim_start().starts_with('{') {
            let none = || SnapshotError::Unread("it is neither JSON nor a dump of statistics".to_owned());
            return dump::read(text).ok_or_else(none);
        }
        let unread = |error: serde_json::Error| SnapshotError::Unread(error.to_string());
        // A later form is told before its unknown keys are.
        let form = serde_json::from_str::<serde_json::Value>(text).map_err(unread)?;
        match form.get("planlint_stats").and_then(serde_json::Value::as_u64) {
            Some(form) if form != u64::from(FORM) => Err(SnapshotError::Form(form)),
            _ => serde_json::from_value(form).map_err(unread).and_then(Self::sound),
        }
    }

    /// Refuses figures that no database has: a hand slipped, or the file is none of ours.
    fn sound(self) -> Result<Self, SnapshotError> {
        let fault =
            |figure: Option<f64>, least: f64, most: f64| figure.filter(|figure| !(least..=most).contains(figure));
        for (name, table) in &self.tables {
            let refuse = |what: String, figure: f64| {
                Err(SnapshotError::Unread(format!("{what} of `{name}` cannot be {figure}")))
            };
            for (key, figure) in [("rows", table.rows), ("pages", table.pages), ("visible_pages", table.visible_pages)]
            {
                if let Some(figure) = fault(figure, 0.0, f64::MAX) {
                    return refuse(format!("`{key}`"), figure);
                }
            }
            for (column, known) in &table.columns {
                let figures = [
                    ("null_fraction", fault(known.null_fraction, 0.0, 1.0)),
                    ("avg_width", fault(known.avg_width, 0.0, f64::MAX)),
                    ("distinct", fault(known.distinct, -1.0, f64::MAX)),
                    ("correlation", fault(known.correlation, -1.0, 1.0)),
                ];
                if let Some((key, Some(figure))) = figures.into_iter().find(|(_, figure)| figure.is_some()) {
                    return refuse(format!("`{key}` of `{column}`"), figure);
                }
            }
        }
        Ok(self)
    }

    /// Prints the file.
    pub fn print(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("names and numbers are JSON");
        text.push('\n');
        text
    }

    /// Says whether it is from a database of this dialect.
    pub fn is_of(&self, dialect: Dialect) -> bool {
        self.product == dialect.as_str()
    }

    /// Says which tables of a schema it does not know; nothing where it knows all of them.
    pub fn gap(&self, catalog: &Catalog) -> Option<String> {
        const NAMED: usize = 3;
        if !self.is_of(catalog.dialect) {
            return Some(format!("the file of statistics is of a {} database", self.product));
        }
        // A log tells statements alone.
        if self.tables.is_empty() && self.statements.is_some() {
            return None;
        }
        let known = |table: &Table| {
            let named = |(name, figures): (&QName, &TableFigures)| {
                figures.rows.is_some() && catalog.table(name).is_some_and(|found| found.name == table.name)
            };
            self.tables.iter().any(named)
        };
        let held: Vec<&Table> = catalog.tables.values().filter(|table| table.kind != TableKind::Foreign).collect();
        let unknown: Vec<String> =
            held.iter().filter(|table| !known(table)).map(|table| format!("`{}`", table.name)).collect();
        let (few, rest) = unknown.split_at(unknown.len().min(NAMED));
        match (few, rest.len()) {
            ([], _) => None,
            (few, 0) => Some(format!("the file of statistics does not know {}", few.join(", "))),
            (few, more) => Some(format!(
                "the file of statistics knows {} of {} tables, not {} and {more} more",
                held.len() - unknown.len(),
                held.len(),
                few.join(", ")
            )),
        }
    }

    /// Adds the rows it knows to a configuration that does not give them: other tables' rows are assumed from these.
    pub fn seed(&self, catalog: &Catalog, config: &Config) -> Config {
        let mut seeded = config.clone();
        for (name, figures) in &self.tables {
            let (Some(rows), Some(table)) = (figures.rows, catalog.table(name)) else { continue };
            let is_same = |key: &String| catalog.table(&QName::read(key)).is_some_and(|found| found.name == table.name);
            let known = config.tables.keys().find(|key| is_same(key)).cloned();
            let settings: &mut TableSettings =
                seeded.tables.entry(known.unwrap_or_else(|| table.name.to_string())).or_default();
            if !settings.small {
                settings.rows = settings.rows.or(Some(rows));
            }
        }
        seeded
    }

    /// Replaces what was assumed of the tables it knows; what the configuration says of a table wins.
    pub fn overlay(&self, catalog: &Catalog, config: &Config, stats: &mut StatsModel) {
        if self.tables.is_empty() && self.settings.is_empty() {
            return;
        }
        stats.origin = Some(Origin { version: Version::parse(&self.version), settings: self.settings.clone() });
        for (name, figures) in &self.tables {
            let Some(table) = catalog.table(name) else {
                figures.overlay_index(name, catalog, stats);
                continue;
            };
            let Some(assumed) = stats.tables.get_mut(&table.name) else { continue };
            let said = config
                .tables
                .iter()
                .find(|(key, _)| catalog.table(&QName::read(key)).is_some_and(|found| found.name == table.name));
            let said = said.map(|(_, said)| said);
            if said.is_some_and(|said| said.small || said.rows.is_some()) {
                continue;
            }
            figures.overlay(assumed, said);
            // What SQLite notes are averages, without any value.
            let has_values = self.is_of(Dialect::Postgres);
            let is_untouched = said.is_none_or(|said| said.columns.is_empty());
            if has_values && is_untouched && is_told_whole(table) && figures.is_complete(assumed) {
                assumed.source = StatsSource::Complete;
            }
        }
    }
}

/// Says whether a scratch server can be told all that production knows of a table's columns: values of types that the
/// schema brings are read by its own functions, and those of expressions stand in no file.
fn is_told_whole(table: &Table) -> bool {
    let plain = |column: &Column| column.ty.class != TypeClass::Other && !column.ty.declared.contains("citext");
    let columns = |index: &Index| index.def.keys.iter().all(|key| key.expr.as_column().is_some());
    table.columns.iter().all(plain) && table.indexes.iter().all(columns)
}

impl TableFigures {
    /// Takes the figures for those of an index: a dump does not tell what a relation is.
    fn overlay_index(&self, name: &QName, catalog: &Catalog, stats: &mut StatsModel) {
        let is_meant =
            |index: &&Index| index.name.as_ref() == Some(&name.name) && index.def.table.schema == name.schema;
        let found = catalog.indexes().find(is_meant).and_then(|index| stats.tables.get_mut(&index.def.table));
        if let (Some(table), Some(rows), Some(pages)) = (found, self.rows, self.pages) {
            table.indexes.insert(name.name.clone(), IndexStats { rows, pages, shared: Vec::new() });
        }
    }

    fn overlay(&self, table: &mut TableStats, said: Option<&TableSettings>) {
        let Some(rows) = self.rows else { return };
        table.rows = rows;
        table.source = StatsSource::Production;
        if let Some(pages) = self.pages {
            table.pages = pages;
            table.visible = self.visible_pages.map(|visible| (visible / pages.max(1.0)).clamp(0.0, 1.0));
        }
        for (name, figures) in &self.columns {
            let is_said = said.is_some_and(|said| said.columns.keys().any(|known| known.eq_ignore_ascii_case(name)));
            if let (Some(column), false) = (table.columns.get_mut(&Ident::new(name)), is_said) {
                figures.overlay(column, rows);
            }
        }
        for (name, figures) in &self.indexes {
            let extent = IndexStats { rows: figures.rows, pages: figures.pages, shared: figures.shared.clone() };
            table.indexes.insert(name.as_str().into(), extent);
        }
        table.extended.extend(self.extended.iter().map(|(name, of)| (name.as_str().into(), of.clone())));
    }

    /// Says whether they hold all that a planner goes by.
    fn is_complete(&self, table: &TableStats) -> bool {
        let is_known = |(name, column): (&Ident, &ColumnStats)| {
            let figures = self.columns.iter().find(|(known, _)| Ident::new(known.as_str()) == *name).map(|(_, of)| of);
            // Of a column without values, and of a type without an order, the server keeps none.
            let has_none = |figures: &ColumnFigures| {
                figures.null_fraction == Some(1.0)
                    || (column.role == ColumnRole::Unkeyable && figures.distinct.is_some())
            };
            column.values.is_some() || figures.is_some_and(has_none)
        };
        let together = self.extended.values().all(|of| of.is_known() && !of.expressions);
        self.rows.is_some() && self.pages.is_some() && together && table.columns.iter().all(is_known)
    }
}

impl ColumnFigures {
    fn overlay(&self, column: &mut ColumnStats, rows: f64) {
        column.null_fraction = self.null_fraction.unwrap_or(column.null_fraction).clamp(0.0, 1.0);
        column.avg_width = self.avg_width.unwrap_or(column.avg_width).max(0.0);
        column.n_distinct = match self.distinct {
            Some(part) if part < 0.0 => (-part * rows).max(1.0),
            Some(count) if count > 0.0 => count,
            _ => column.n_distinct,
        };
        column.correlation = self.correlation.unwrap_or(column.correlation).clamp(-1.0, 1.0);
        if self.distinct.is_some() {
            column.source = StatsSource::Production;
        }
        let common: Vec<(String, f64)> =
            self.common_values.iter().cloned().zip(self.common_fractions.iter().copied()).collect();
        if !common.is_empty() || !self.histogram.is_empty() {
            column.values = Some(Arc::new(ColumnValues { common, histogram: self.histogram.clone() }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_form_is_told_from_one_that_is_none() {
        let check = |text: &str, expect: Result<u32, &str>| {
            let read = Snapshot::read(text).map(|snapshot| snapshot.planlint_stats);
            assert_eq!(read.map_err(|error| error.to_string()), expect.map_err(str::to_owned), "{text}");
        };
        check(r#"{"planlint_stats": 1, "product": "postgres", "version": "15.1", "tables": {}}"#, Ok(1));
        check(
            r#"{"planlint_stats": 2, "columns_of_the_future": {}}"#,
            Err("it is of form 2, this planlint reads form 1"),
        );
        check("SELECT 1;", Err("it is no file of statistics: it is neither JSON nor a dump of statistics"));
        assert!(Snapshot::read(r#"{"tables": {"t": {"rows": "many"}}}"#).is_err());
    }

    #[test]
    fn figures_replace_what_is_assumed_and_the_configuration_wins() {
        let column = ColumnFigures { distinct: Some(-0.5), null_fraction: Some(2.0), ..ColumnFigures::default() };
        let mut stats = ColumnStats {
            null_fraction: 0.0,
            avg_width: 4.0,
            n_distinct: 1.0,
            correlation: 0.25,
            role: crate::stats::ColumnRole::Quantity,
            source: StatsSource::Assumed,
            values: None,
        };
        column.overlay(&mut stats, 1000.0);
        assert_eq!((stats.n_distinct, stats.null_fraction, stats.correlation), (500.0, 1.0, 0.25));
        let columns = BTreeMap::from([(Ident::new("a"), stats)]);
        let assumed = TableStats {
            rows: 10.0,
            pages: 1.0,
            source: StatsSource::Assumed,
            columns,
            visible: None,
            indexes: BTreeMap::new(),
            extended: BTreeMap::new(),
        };
        let said = |distinct| TableSettings {
            columns: BTreeMap::from([(
                "a".to_owned(),
                crate::config::ColumnSettings { distinct, ..crate::config::ColumnSettings::default() },
            )]),
            ..TableSettings::default()
        };
        let figures = TableFigures {
            rows: Some(4000.0),
            pages: Some(40.0),
            visible_pages: Some(10.0),
            columns: BTreeMap::from([(
                "A".to_owned(),
                ColumnFigures { distinct: Some(7.0), ..ColumnFigures::default() },
            )]),
            ..TableFigures::default()
        };
        let mut table = assumed.clone();
        figures.overlay(&mut table, Some(&said(Some(3.0))));
        assert_eq!((table.rows, table.visible, table.source), (4000.0, Some(0.25), StatsSource::Production));
        assert_eq!(table.columns[&Ident::new("a")].n_distinct, 500.0, "what the configuration says of a column stays");
        let mut table = assumed;
        figures.overlay(&mut table, None);
        assert_eq!(table.columns[&Ident::new("a")].n_distinct, 7.0);
    }
}
