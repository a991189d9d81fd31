//! What a report says of a query: its forms, and what each asks of every table.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{ExplainedEntry, Location, RelatedEntry};
use crate::query::PathClass;

/// A query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueryEntry {
    /// Its name inside this report.
    pub id: String,
    /// Where it stands.
    #[serde(flatten)]
    pub location: Location,
    /// The function, or the name given to it.
    pub symbol: Option<String>,
    /// The database.
    pub database: Arc<str>,
    /// What kind of file it stands in.
    pub class: PathClass,
    /// The front end that found it.
    pub source: &'static str,
    /// `text`, `call` or `implied`.
    pub origin: &'static str,
    /// Why it is implied.
    pub implied: Option<&'static str>,
    /// `resolved`, `partial` or `skipped`.
    pub resolution: &'static str,
    /// Other places it is made of.
    pub related: Vec<RelatedEntry>,
    /// The tables it touches, sorted.
    pub tables: Vec<Arc<str>>,
    /// The plan of its required form, as a short tree; only with `--plans`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The same in the engine's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_plan: Option<String>,
    /// Its forms.
    pub variants: Vec<VariantEntry>,
}

/// A form of a query.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct VariantEntry {
    /// `required`, `all` or `branch`.
    pub kind: &'static str,
    /// Its SQL, as written.
    pub sql: Arc<str>,
    /// How often it is sent, beside the other queries of its database.
    #[serde(serialize_with = "super::weighed")]
    pub weight: f64,
    /// `exact`, `approximate` or `none`; null when no engine was asked.
    pub fidelity: Option<&'static str>,
    /// Why it is not exact.
    pub fidelity_reasons: Vec<String>,
    /// What it asks of each table.
    pub patterns: Vec<PatternEntry>,
    /// Its plan with the schema as it is, as a short tree; only with `--plans`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The same in the engine's own words: PostgreSQL's EXPLAIN JSON, SQLite's lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_plan: Option<String>,
    /// How it is judged; only `explain` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<Box<ExplainedEntry>>,
}

/// What a query asks of one table.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PatternEntry {
    /// The table.
    pub table: Arc<str>,
    /// The name the query uses for it.
    #[serde(rename = "ref")]
    pub reference: Arc<str>,
    /// Its conditions.
    pub predicates: Vec<PredicateEntry>,
    /// Conditions of which one must hold: branches of conditions.
    pub any_of: Vec<Vec<Vec<PredicateEntry>>>,
    /// Its joins.
    pub joins: Vec<JoinEntry>,
    /// Its order.
    pub order_by: Vec<OrderEntry>,
    /// Its grouping.
    pub group_by: Vec<KeyEntry>,
    /// The LIMIT; null without one or where it is a parameter.
    pub limit: Option<u64>,
    /// Whether there is a LIMIT, known or not.
    pub limited: bool,
    /// Whether rows are locked.
    pub lock: bool,
}

/// A column or an expression.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyEntry {
    /// A column.
    Column(Arc<str>),
    /// An expression.
    Expression(Arc<str>),
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PredicateEntry {
    /// What is tested.
    #[serde(flatten)]
    pub key: KeyEntry,
    /// `eq`, `in`, `range`, `prefix`, `null`, `not-null` or `other`.
    pub op: &'static str,
    /// Stands behind a run-time switch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A join.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct JoinEntry {
    /// This side.
    #[serde(flatten)]
    pub key: KeyEntry,
    /// The other table.
    pub to_table: Arc<str>,
    /// The other side, a column or an expression.
    pub to_column: Arc<str>,
}

/// A key of ORDER BY.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OrderEntry {
    /// What is sorted by.
    #[serde(flatten)]
    pub key: KeyEntry,
    /// `asc` or `desc`.
    pub order: &'static str,
    /// `first` or `last`.
    pub nulls: &'static str,
}
