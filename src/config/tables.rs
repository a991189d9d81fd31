//! What a user knows of tables and their columns.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TableSettings {
    /// Rows in production.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0), example = 2_500_000)]
    pub rows: Option<f64>,
    /// Whether the table stays small, whatever its name and keys suggest: it then needs no index.
    #[schemars(example = true)]
    pub small: bool,
    /// A condition that the application's framework adds to every query of the table (soft deletion, tenancy).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"deleted_at IS NULL")]
    pub always: Option<String>,
    /// What is known of its columns, by name.
    pub columns: BTreeMap<String, ColumnSettings>,
}

/// What is known of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ColumnSettings {
    /// Distinct values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1), example = 6)]
    pub distinct: Option<f64>,
    /// Fraction of NULLs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1), example = 0.98)]
    pub null_fraction: Option<f64>,
    /// Correlation of value order with row order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1, max = 1), example = 0.9)]
    pub correlation: Option<f64>,
}
