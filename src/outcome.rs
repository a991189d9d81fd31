//! The report of one run: the JSON contract of `interface.md`, as types.
//!
//! Everything here is concrete (paths, lines, printed plans). `run` builds it, `report` writes it; keys and enum
//! values may be added within schema version 1, meanings never change. Lines and columns are 1-based, columns count
//! Unicode scalar values, ends are exclusive.

mod curve;
mod explained;
mod load;
mod query;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::advice::host::{Framework, StepAction};
use crate::advice::{Action, ProofKind};
use crate::dialect::Dialect;
use crate::engine::Tier;
use crate::finding::{Confidence, Severity};
use crate::query::{PathClass, SkipStage};

pub use curve::{CurveEntry, PointEntry};
pub use explained::{CandidateEntry, ColumnFiguresEntry, ExplainedEntry, ReferenceEntry, ServingEntry, UnfitEntry};
pub use load::{LoadEntry, LoadMatch, LoadPlace};
pub use query::{JoinEntry, KeyEntry, OrderEntry, PatternEntry, PredicateEntry, QueryEntry, VariantEntry};

/// The report of one run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunReport {
    /// The contract's version: 1.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// The run as a whole.
    pub run: Run,
    /// How much of the code base was understood.
    pub coverage: Coverage,
    /// Everything that was not, one by one.
    pub skips: Vec<SkipEntry>,
    /// The queries.
    pub queries: Vec<QueryEntry>,
    /// What production counted, the heaviest first; empty without statistics of statements.
    pub load: Vec<LoadEntry>,
    /// The findings, sorted by path, byte, variant and rule.
    pub findings: Vec<FindingEntry>,
    /// The index set that mends them, as it is best made: what gains most for each byte first, drops last.
    pub advice: Vec<AdviceEntry>,
    /// What the set gains change by change, for each database.
    pub curves: Vec<CurveEntry>,
    /// The schema, each table below those that it refers to.
    pub tables: Vec<TableEntry>,
    /// What stands before and after the tables in a script that makes the schema.
    pub ddl: Vec<DdlEntry>,
    /// The text of the files that findings stand in, for reports that quote them; not part of the contract.
    #[serde(skip)]
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
    /// The files that the tree holds for planlint to read, whether they could be read or not; not part of the contract.
    #[serde(skip)]
    pub inputs: Vec<Arc<str>>,
    /// The rules that were run, by name, for formats that explain them; not part of the contract.
    #[serde(skip)]
    pub rules: Vec<RuleEntry>,
}

/// A rule that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleEntry {
    /// Its name.
    pub name: &'static str,
    /// How bad its findings are where nothing lowers it.
    pub severity: Severity,
    /// How sure they are at the best.
    pub confidence: Confidence,
    /// What it looks at: `query`, `plan` or `schema`.
    pub reads: &'static str,
    /// What it reports, in a sentence or two of Markdown.
    pub summary: &'static str,
    /// Its page as Markdown, from the title on.
    pub page: &'static str,
}

/// Who wrote a report.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Tool {
    /// `planlint`
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Run {
    /// False when it was cut short.
    pub complete: bool,
    /// The databases.
    pub databases: Vec<DatabaseEntry>,
}

/// A database and how its queries were judged.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DatabaseEntry {
    /// Its name.
    pub name: String,
    /// Its dialect.
    pub dialect: Dialect,
    /// How the dialect was told (`configured`, `marks in the schema`, …).
    pub dialect_source: String,
    /// Production's version, when known.
    pub target_version: Option<String>,
    /// The engine and its version; null when none was asked.
    pub engine: Option<String>,
    /// Why this engine plans, or why not a better one; null where that is plain.
    pub engine_reason: Option<String>,
    /// Whether the engine speaks the dialect itself.
    pub native: bool,
    /// What the evidence is worth.
    pub tier: Tier,
    /// What of the schema the file of statistics does not know; null where it knows every table, or none is given.
    pub statistics_gap: Option<String>,
    /// What the schema was built from: `dump`, `migrations`, `files`, `none`.
    pub schema_source: String,
    /// The files or folders it was built from.
    pub schema_paths: Vec<String>,
    /// Tables.
    pub tables: usize,
    /// Indexes, those behind constraints included.
    pub indexes: usize,
    /// What other sources declare of it, and how that differs.
    pub other_sources: Vec<OtherSourceEntry>,
}

/// A schema of the same database that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OtherSourceEntry {
    /// What declares it: `alembic migrations`, `sqlalchemy models`.
    pub source: String,
    /// Tables.
    pub tables: usize,
    /// Indexes, those behind constraints included.
    pub indexes: usize,
    /// Tables that it alone has.
    pub tables_only_there: Vec<String>,
    /// Tables that it lacks.
    pub tables_only_here: Vec<String>,
    /// Indexes of tables of both that it alone has.
    pub indexes_only_there: usize,
    /// Indexes of tables of both that it lacks.
    pub indexes_only_here: usize,
}

/// How much of the code base was understood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Coverage {
    /// Files read.
    pub files: usize,
    /// Queries.
    pub queries: QueryCounts,
    /// Skips by stage and reason.
    pub skips: Vec<SkipCount>,
}

/// Queries by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct QueryCounts {
    /// Sites.
    pub found: usize,
    /// Sites known whole.
    pub resolved: usize,
    /// Sites known in part.
    pub partial: usize,
    /// Sites not understood.
    pub skipped: usize,
    /// Sites that are judged: what migrations, seeds and somebody else's code send is not.
    pub judged: usize,
    /// Judged sites with a plan.
    pub planned: usize,
    /// Forms of those sites.
    pub variants: usize,
    /// Implied queries, not among the sites above.
    pub implied: usize,
}

/// A count of skips.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SkipCount {
    /// The stage.
    pub stage: SkipStage,
    /// The reason.
    pub reason: String,
    /// How many.
    pub count: usize,
}

/// Something that was not understood.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SkipEntry {
    /// The stage.
    pub stage: SkipStage,
    /// The reason.
    pub reason: &'static str,
    /// What was seen.
    pub detail: String,
    /// The file.
    pub path: Arc<str>,
    /// Its line; null for a whole file.
    pub line: Option<u32>,
    /// Its column; null for a whole file.
    pub column: Option<u32>,
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Location {
    /// The file, relative to the current directory.
    pub path: Arc<str>,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column one past the end.
    pub end_column: u32,
    /// The same in bytes of the file, for reports that quote it.
    #[serde(skip)]
    pub bytes: Range<usize>,
}

/// A place with a label.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RelatedEntry {
    /// Where.
    #[serde(flatten)]
    pub location: Location,
    /// What stands there.
    pub label: String,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FindingEntry {
    /// The rule.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What was seen.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Stable across edits: `1:` and 32 hexadecimal digits.
    pub fingerprint: String,
    /// `new` or `baseline`; null without a baseline.
    pub state: Option<String>,
    /// Why it is suppressed.
    pub suppressed: Option<Suppressed>,
    /// Where it stands.
    #[serde(flatten)]
    pub location: Location,
    /// What kind of file it stands in.
    pub class: PathClass,
    /// Other places that matter.
    pub related: Vec<RelatedEntry>,
    /// The database.
    pub database: String,
    /// The query's name inside this report; null for a finding about the schema.
    pub query: Option<String>,
    /// The index of its variant.
    pub variant: Option<u16>,
    /// The table.
    pub table: Option<String>,
    /// The columns or expressions.
    pub columns: Vec<String>,
    /// The advice that mends it.
    pub advice: Vec<String>,
    /// Text edits that mend it.
    pub edits: Vec<EditEntry>,
    /// The evidence.
    pub proof: Option<ProofEntry>,
}

/// Why a finding is suppressed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Suppressed {
    /// The reason given.
    pub reason: Option<String>,
    /// The file of the comment.
    pub path: Arc<str>,
    /// Its line.
    pub line: u32,
}

/// A text edit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EditEntry {
    /// What to replace; empty to insert.
    #[serde(flatten)]
    pub location: Location,
    /// By what.
    pub text: String,
}

/// The evidence.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ProofEntry {
    /// By what.
    pub kind: ProofKind,
    /// The engine and its version.
    pub engine: String,
    /// What the figures are worth.
    pub tier: Tier,
    /// The price before, in the engine's unit; null for a stand-in.
    #[serde(serialize_with = "rounded")]
    pub cost_before: Option<f64>,
    /// The price after.
    #[serde(serialize_with = "rounded")]
    pub cost_after: Option<f64>,
    /// The plan before.
    pub plan_before: Option<String>,
    /// The plan after.
    pub plan_after: Option<String>,
}

/// A change to the schema's indexes.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AdviceEntry {
    /// Its name inside this report.
    pub id: String,
    /// What to do.
    pub action: Action,
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The index.
    pub name: String,
    /// Its keys.
    pub columns: Vec<IndexColumnEntry>,
    /// Columns carried along.
    pub include: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// Whether it refuses repetitions.
    pub unique: bool,
    /// The access method.
    pub method: String,
    /// The change as DDL.
    pub ddl: String,
    /// The way back.
    pub down: String,
    /// The change in the words of the framework whose class declares the table: every step of it, or none.
    pub host: Vec<HostStepEntry>,
    /// Existing indexes that it replaces.
    pub replaces: Vec<String>,
    /// The index that serves what a dropped one served.
    pub covered_by: Option<String>,
    /// Why, where the queries do not say it, or no plan proves what they say.
    pub reason: Option<String>,
    /// How sure it is: `medium` where only the shape of queries speaks for it.
    pub confidence: Confidence,
    /// The queries it serves.
    pub queries: Vec<String>,
    /// How the queries it serves are planned before and after, those first that gain most; queries of one text once.
    pub proofs: Vec<ServedEntry>,
    /// The price before, of the query that gains most; null for a stand-in.
    #[serde(serialize_with = "rounded")]
    pub cost_before: Option<f64>,
    /// The price after.
    #[serde(serialize_with = "rounded")]
    pub cost_after: Option<f64>,
    /// Its size, where the engine can tell.
    pub size_bytes: Option<u64>,
    /// What its upkeep costs because rows are written, in the unit of the costs times that of the weights; of a drop, what is saved. Null where no query writes to the table.
    #[serde(serialize_with = "rounded")]
    pub write_cost: Option<f64>,
}

/// Queries of one text, and how they are planned with the schema as it is and with the set.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ServedEntry {
    /// The queries.
    pub queries: Vec<String>,
    /// The evidence.
    #[serde(flatten)]
    pub proof: ProofEntry,
}

/// A change of the host code.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct HostStepEntry {
    /// Whose words they are.
    pub framework: Framework,
    /// Whether the text is added or taken out.
    pub action: StepAction,
    /// What is changed: `Order.__table_args__`, `Order.Meta.indexes`, `Order.customer_id`.
    pub holder: String,
    /// What is added to it or taken out of it.
    pub text: String,
    /// Where it stands, or the class that holds it.
    #[serde(flatten)]
    pub location: Location,
}

/// A key of an index.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct IndexColumnEntry {
    /// The column; null for an expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The expression; null for a column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// `asc` or `desc`.
    pub order: String,
    /// `first` or `last`.
    pub nulls: String,
    /// The operator class, if not the default one.
    pub opclass: Option<String>,
    /// The collation, if not the column's.
    pub collation: Option<String>,
}

/// A table of the schema.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TableEntry {
    /// Its name.
    pub name: String,
    /// The database.
    pub database: String,
    /// Whether every statement about it was understood.
    pub complete: bool,
    /// Its columns.
    pub columns: Vec<ColumnEntry>,
    /// Its indexes.
    pub indexes: Vec<IndexEntry>,
    /// The table and its indexes as DDL, without foreign keys that point ahead.
    pub ddl: String,
    /// The file it was declared in.
    pub path: Arc<str>,
    /// Its line.
    pub line: u32,
}

/// The statements of a database's schema beside its tables.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DdlEntry {
    /// The database.
    pub database: String,
    /// Schemas, sequences and types, which the tables need.
    pub before: Vec<String>,
    /// Foreign keys that point ahead, and views.
    pub after: Vec<String>,
}

/// A column of the schema.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// Its type as declared.
    #[serde(rename = "type")]
    pub ty: String,
    /// Whether it refuses NULL.
    pub not_null: bool,
}

/// An index of the schema.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct IndexEntry {
    /// Its name; null where nobody gave one.
    pub name: Option<String>,
    /// Its keys.
    pub columns: Vec<IndexColumnEntry>,
    /// Columns carried along.
    pub include: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// Whether it refuses repetitions.
    pub unique: bool,
    /// The access method.
    pub method: String,
    /// The constraint it is there for: `primary-key`, `unique`, `foreign-key`, `exclusion`.
    pub backs: Option<String>,
    /// The file it was declared in.
    pub path: Arc<str>,
    /// Its line.
    pub line: u32,
}

/// Costs are model figures: one decimal is all they can bear.
fn rounded<S: Serializer>(cost: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    cost.map(|cost| (cost * 10.0).round() / 10.0).serialize(serializer)
}

/// A weight, of which the third decimal says nothing any more.
fn weighed<S: Serializer>(weight: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    ((weight * 1e3).round() / 1e3).serialize(serializer)
}
