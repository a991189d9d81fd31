//! What `planlint explain` adds to a form of a query: how it is planned, what serves it, what was tried for it.

use schemars::JsonSchema;
use serde::Serialize;

use super::{IndexColumnEntry, rounded};

/// How a query is judged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ExplainedEntry {
    /// What a reader must know before the rest: why there is no plan, why nothing is advised from it.
    pub notes: Vec<String>,
    /// The engine that planned it; null where none did.
    pub engine: Option<String>,
    /// The text that was planned; null where none was.
    pub engine_sql: Option<String>,
    /// Its plan with the schema as it is, as a short tree.
    pub plan_before: Option<String>,
    /// The same in the engine's own words.
    pub raw_plan_before: Option<String>,
    /// Its plan with everything advised for the whole workload; null where nothing on its tables is.
    pub plan_after: Option<String>,
    /// The same in the engine's own words.
    pub raw_plan_after: Option<String>,
    /// The tables it names, in order.
    pub references: Vec<ReferenceEntry>,
    /// Every index that was thought of for it, in order.
    pub candidates: Vec<CandidateEntry>,
    /// Conditions and orders that offer no key for an index.
    pub unfit: Vec<UnfitEntry>,
    /// The advice of the whole workload that serves it or that its plan uses.
    pub advice: Vec<String>,
    /// A script for the engine's own shell that shows both plans; null where no engine planned it.
    pub repro: Option<String>,
}

/// A table that a query names.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReferenceEntry {
    /// The table.
    pub table: String,
    /// The name the query uses for it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its rows, known or assumed; null where nothing is known of the table.
    pub rows: Option<u64>,
    /// The pages of 8 KiB that they take; null where nothing is known of the table.
    pub pages: Option<u64>,
    /// Where that number comes from.
    pub rows_reason: Option<String>,
    /// What is known or assumed of the columns by which rows are found.
    pub columns: Vec<ColumnFiguresEntry>,
    /// The existing index that serves it best; null where none does.
    pub served_by: Option<ServingEntry>,
    /// The nearest of the other indexes, and why they serve less or not at all.
    pub others: Vec<ServingEntry>,
}

/// What is known or assumed of a column.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ColumnFiguresEntry {
    /// Its name.
    pub column: String,
    /// Its distinct values.
    pub distinct: u64,
    /// The fraction of rows in which it is NULL.
    pub null_fraction: f64,
    /// Where these come from: `pulled` from production, `configured` or `assumed`.
    pub source: String,
}

/// An existing index and what it is worth to a query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ServingEntry {
    /// Its name; its keys where nobody gave one.
    pub index: String,
    /// Its keys.
    pub columns: Vec<IndexColumnEntry>,
    /// What it does for the query, or why it does nothing.
    pub why: String,
}

/// An index that was thought of.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CandidateEntry {
    /// The table.
    pub table: String,
    /// The name the query uses for it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// Its access method.
    pub method: String,
    /// Its keys.
    pub columns: Vec<IndexColumnEntry>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// `kept`, `covered`, `sought`, `guard`, `unused`, `used-otherwise`, `small-gain`, `outdone`, `needless`, `refused`
    /// or `out-of-time`.
    pub verdict: String,
    /// The guard that decided, by its name in docs/statistics.md.
    pub guard: Option<String>,
    /// The verdict in words.
    pub why: String,
    /// The price before; null for a stand-in, and where the price did not decide.
    #[serde(serialize_with = "rounded")]
    pub cost_before: Option<f64>,
    /// The price with it.
    #[serde(serialize_with = "rounded")]
    pub cost_after: Option<f64>,
    /// The advice it became.
    pub advice: Option<String>,
}

/// A condition or an order that offers no key for an index.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct UnfitEntry {
    /// The table.
    pub table: String,
    /// The name the query uses for it.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What is tested or sorted by.
    pub key: String,
    /// Why it offers no key.
    pub why: String,
}
