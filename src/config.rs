//! The settings as plain data, with their defaults; `cli` finds and reads the file they come from.
//!
//! Every field is one key of `planlint.toml`. Knows no file and no command line.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;

/// What `planlint.toml` may say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// The SQL dialect; told from the schema's own marks when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// Production's version (`"15"`, `"8.0.36"`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_version: Option<String>,
    /// Where the schema is: files or migration folders, in order; found by itself when empty.
    pub schema: Vec<String>,
    /// Paths not to read, as gitignore patterns, beside the default ones.
    pub exclude: Vec<String>,
    /// Paths to read although ignore files hide them.
    pub include: Vec<String>,
    /// Path classes by gitignore pattern, before the built-in ones (`"scripts/**" = "app"`).
    pub classes: BTreeMap<String, crate::query::PathClass>,
    /// Suppressions hold only with a reason.
    pub require_reason: bool,
    /// Numbers that decide when to speak.
    pub limits: Limits,
    /// What is known of tables, by name.
    pub tables: BTreeMap<String, TableSettings>,
    /// Several databases in one code base.
    #[serde(rename = "database")]
    pub databases: Vec<DatabaseSettings>,
}

/// Numbers that decide when to speak; the defaults and what they were measured on stand in `docs/statistics.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Tables below this many rows need no index.
    pub min_rows: f64,
    /// Files above this many bytes are skipped.
    pub max_file_bytes: u64,
    /// The rows a `LIMIT $1` is taken to ask for.
    pub limit_rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_rows: 10_000.0, max_file_bytes: 16 << 20, limit_rows: 50 }
    }
}

/// What is known of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TableSettings {
    /// Rows in production.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<f64>,
    /// What is known of its columns, by name.
    pub columns: BTreeMap<String, ColumnSettings>,
}

/// What is known of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ColumnSettings {
    /// Distinct values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<f64>,
    /// Fraction of NULLs, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_fraction: Option<f64>,
    /// Correlation of value order with row order, -1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<f64>,
}

/// One of several databases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Its name in reports and fingerprints.
    pub name: String,
    /// Its dialect; told from the schema's own marks when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
    /// Production's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where its schema is: files or migration folders, in order.
    #[serde(default)]
    pub schema: Vec<String>,
    /// Folders whose queries run on it.
    #[serde(default)]
    pub paths: Vec<String>,
}
