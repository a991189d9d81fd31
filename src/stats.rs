//! The statistics model: how many rows, how many distinct values, in what order.
//!
//! Plain data; `assume` fills it from the schema, configuration and statistics files override it, a table at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::dialect::Version;
use crate::name::{Ident, QName};

/// What is known or assumed of a database's data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatsModel {
    /// By table.
    pub tables: BTreeMap<QName, TableStats>,
    /// Where production's figures are from, if there are any.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// How often indexes are searched in production, if its servers were asked.
    #[serde(default)]
    pub searches: Option<Searches>,
}

/// How often indexes were searched, on all servers together that were asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searches {
    /// How many servers were asked: one, and its replicas, each of which counts its own.
    pub servers: usize,
    /// For how many days all of them have counted; none where one does not say.
    pub days: Option<u32>,
    /// By table and index, of those that every server knows.
    pub counts: BTreeMap<(QName, Ident), u64>,
}

/// The database whose figures are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its version.
    pub version: Option<Version>,
    /// Settings that steer its planner, by name.
    pub settings: BTreeMap<String, String>,
}

/// What is known or assumed of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableStats {
    /// Rows.
    pub rows: f64,
    /// 8 KiB pages.
    pub pages: f64,
    /// Where the figures come from.
    pub source: StatsSource,
    /// By column.
    pub columns: BTreeMap<Ident, ColumnStats>,
    /// The fraction of its pages of which every row is visible to everybody, where it is known.
    #[serde(default)]
    pub visible: Option<f64>,
    /// By name, the indexes whose extent is known.
    #[serde(default)]
    pub indexes: BTreeMap<Ident, IndexStats>,
    /// What is known of columns together, by the name of production's statistics object.
    #[serde(default)]
    pub extended: BTreeMap<Ident, ExtendedStats>,
}

/// What is known of several columns of a table together (`CREATE STATISTICS`), as the file of statistics has it too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtendedStats {
    /// The columns, in the order of the values below.
    pub columns: Vec<Ident>,
    /// Whether there are expressions beside them, of which nothing is told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expressions: bool,
    /// The combinations that occur, for every choice of two columns or more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distinct: Vec<Combinations>,
    /// How far columns determine others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// The most common combinations, where production's values may be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub common: Vec<Combination>,
}

/// How many combinations of values some columns have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combinations {
    /// The columns.
    pub columns: Vec<Ident>,
    /// How many there are.
    pub count: f64,
}

/// That the values of some columns determine that of another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// Those that determine it.
    pub columns: Vec<Ident>,
    /// The one.
    pub determine: Ident,
    /// In which fraction of the rows they do.
    pub degree: f64,
}

/// Values that occur together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// One for each column, none for NULL.
    pub values: Vec<Option<String>>,
    /// The fraction of rows that hold all of them.
    pub fraction: f64,
    /// The fraction that would, if the columns were independent of each other.
    pub independent: f64,
}

impl ExtendedStats {
    /// Says whether anything is known.
    pub fn is_known(&self) -> bool {
        !(self.distinct.is_empty() && self.dependencies.is_empty() && self.common.is_empty())
    }
}

/// The extent of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexStats {
    /// Entries.
    pub rows: f64,
    /// 8 KiB pages.
    pub pages: f64,
    /// How many rows share a value of the first key, of the first two, and so on, where that is known.
    #[serde(default)]
    pub shared: Vec<f64>,
}

/// Where statistics come from; later ones are worth more. What is known of a column is never [`StatsSource::Complete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StatsSource {
    /// Inferred from the schema.
    Assumed,
    /// Given in the configuration.
    Configured,
    /// Exported from production.
    Production,
    /// Exported from production with all that its planner goes by: the values of every column that has some.
    Complete,
}

/// What is known or assumed of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnStats {
    /// Fraction of NULLs, 0 to 1.
    pub null_fraction: f64,
    /// Average width in bytes.
    pub avg_width: f64,
    /// Distinct values, NULL not counted, at least 1.
    pub n_distinct: f64,
    /// Correlation of value order with row order, -1 to 1.
    pub correlation: f64,
    /// What kind of column it is, for the guards.
    pub role: ColumnRole,
    /// Where the figures come from.
    pub source: StatsSource,
    /// Values that occur in it, where production's may be shown.
    #[serde(default)]
    pub values: Option<Arc<ColumnValues>>,
}

/// Values of a column, as its database writes them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnValues {
    /// The most common ones, each with the fraction of rows that hold it.
    pub common: Vec<(String, f64)>,
    /// The bounds of slices with equally many of the other rows, in order.
    pub histogram: Vec<String>,
}

/// What part a column plays, as far as guards and candidate order tell them apart (`statistics.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ColumnRole {
    /// A single-column key: one row a value.
    Key,
    /// A foreign key, or an `x_id`.
    Reference,
    /// Email, token, slug, name and other text of many values.
    ManyValued,
    /// Status, type and other columns of few values, enums included.
    StatusLike,
    /// A boolean.
    Boolean,
    /// A date or timestamp.
    Time,
    /// A number to compare, not to look up.
    Quantity,
    /// JSON, blob, array: never a b-tree key.
    Unkeyable,
}

impl StatsSource {
    /// What people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Assumed => "assumed",
            Self::Configured => "configured",
            Self::Production | Self::Complete => "pulled",
        }
    }
}

impl StatsModel {
    /// Returns a table's statistics.
    pub fn table(&self, name: &QName) -> Option<&TableStats> {
        self.tables.get(name)
    }

    /// Returns a column's statistics.
    pub fn column(&self, table: &QName, column: &Ident) -> Option<&ColumnStats> {
        self.tables.get(table)?.columns.get(column)
    }
}
