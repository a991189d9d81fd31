//! What a report says of the statements that production counted, and of where they come from.

use schemars::JsonSchema;
use serde::Serialize;

use super::Location;

/// A statement that production counted.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LoadEntry {
    /// What it goes by in `planlint.toml`: 32 hexadecimal digits; null where its tables are not in the schema.
    pub fingerprint: Option<String>,
    /// The database; null where its tables are not in the schema.
    pub database: Option<String>,
    /// Its text, with a parameter in the place of each value.
    pub sql: String,
    /// How often it was run.
    pub calls: u64,
    /// Rows that it returned or changed; null where a log told it.
    pub rows: Option<u64>,
    /// Milliseconds, all runs together; null where no time is known.
    pub total_ms: Option<f64>,
    /// Milliseconds of a run.
    pub mean_ms: Option<f64>,
    /// Its part of the time of all statements listed, or of their calls where no time is known.
    pub share: f64,
    /// How the places were found; null where none was.
    #[serde(rename = "match")]
    pub found: Option<LoadMatch>,
    /// The places that send it; where there are several, one of them or each does.
    pub places: Vec<LoadPlace>,
}

/// How a statement was found in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LoadMatch {
    /// By all of its text.
    Whole,
    /// By all but the plain columns that it returns.
    Rows,
    /// By what it asks of each table.
    Asked,
}

/// A place that sends a statement.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LoadPlace {
    /// The query's name inside this report.
    pub query: String,
    /// The function, or the name given to it.
    pub symbol: Option<String>,
    /// Where.
    #[serde(flatten)]
    pub location: Location,
}
