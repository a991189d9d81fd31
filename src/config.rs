//! The settings as plain data, with their defaults; `cli` finds and reads the files they come from.
//!
//! Every field is one key of `planlint.toml`. What its doc comment, its range, its format and its example say stands in
//! the JSON Schema, and from there in the checks of a file, in its error messages and in docs/configuration.md.
//! Knows no file and no command line.

mod format;
mod selection;
mod tables;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dialect::Dialect;
use crate::finding::{Confidence, Severity};
use crate::query::PathClass;

pub use format::{BYTES, FUNCTION, PATH, PATTERN, RULE, SELECTOR, VERSION};
pub use selection::{Minimise, Selection, bytes};
pub use tables::{ColumnSettings, TableSettings};

use format::{FunctionName, ProjectPath, RuleName, Selector, VersionText};

/// What `schema` says alone for the models that the code declares.
pub const MODELS: &str = "models";
/// What `schema` says alone for the migrations of the code.
pub const MIGRATIONS: &str = "migrations";

/// Selects every rule.
pub const ALL: &str = "ALL";
/// Selects the rules that run unless something else is said.
pub const DEFAULT: &str = "DEFAULT";

/// What `planlint.toml` may say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// The SQL dialect; told from the schema's own marks, else from the nearest, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"postgres")]
    pub dialect: Option<Dialect>,
    /// Production's version of the database; PostgreSQL 18 and MySQL 8 find rows by the later columns of an index too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<VersionText>", example = &"15")]
    pub target_version: Option<String>,
    /// Who plans the queries: `auto`, which is PostgreSQL for what is written for it if it is installed, `sqlite`, `postgres`, or `none`, which starts no engine and judges queries by their shape.
    pub engine: EngineChoice,
    /// The folder of PostgreSQL's server programs, which planlint starts: one of those that are found by themselves, to choose among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"/usr/lib/postgresql/17/bin")]
    pub pg_bin: Option<String>,
    /// Where the schema is: files or migration folders, in order, or `models` or `migrations` alone for what the code declares; found by itself when empty.
    #[schemars(with = "Vec<ProjectPath>", example = ["db/structure.sql"])]
    pub schema: Vec<String>,
    /// Files of statistics that were pulled from production's replicas, each of which counts its own searches of indexes.
    #[schemars(with = "Vec<ProjectPath>", example = ["replica-stats.json"])]
    pub replica_stats: Vec<String>,
    /// Paths not to read, as gitignore patterns, beside the built-in ones.
    #[schemars(with = "Vec<format::Pattern>", example = ["legacy/**"])]
    pub exclude: Vec<String>,
    /// Files and folders to read although ignore files or the built-in excludes hide them.
    #[schemars(with = "Vec<ProjectPath>", example = ["local/sql"])]
    pub include: Vec<String>,
    /// The rules that run: names, `DEFAULT`, or `ALL`.
    #[schemars(with = "Vec<Selector>", example = ["missing-index", "unknown-column"])]
    pub select: Vec<String>,
    /// Rules that run beside those of `select`.
    #[schemars(with = "Vec<Selector>", example = ["unindexed-foreign-key"])]
    pub extend_select: Vec<String>,
    /// Rules that do not run, whatever selects them.
    #[schemars(with = "Vec<Selector>", example = ["redundant-index"])]
    pub ignore: Vec<String>,
    /// How sure a finding or a piece of advice must be to be shown.
    pub min_confidence: Confidence,
    /// Show every confidence, each place that sends what application code sends, and queries of tests and scripts whose text is wrong; nothing is advised for those.
    #[schemars(example = true)]
    pub audit: bool,
    /// The least severity of a finding in application code that makes the exit status 1.
    pub fail_on: Severity,
    /// Whether a comment that suppresses a finding must give a reason (`planlint: ignore[missing-index] -- reason`).
    #[schemars(example = true)]
    pub require_reason: bool,
    /// Path classes by gitignore pattern, before the built-in ones; of several patterns the longest decides.
    #[schemars(extend("propertyNames" = {"format": PATTERN}), example = one("scripts/**", "app"))]
    pub classes: BTreeMap<String, PathClass>,
    /// Rules that are silent about what stands below a path, by gitignore pattern; all patterns that match count.
    #[schemars(
        with = "BTreeMap<String, Vec<RuleName>>",
        extend("propertyNames" = {"format": PATTERN}),
        example = one("reports/**", ["full-table-scan"])
    )]
    pub per_path_ignores: BTreeMap<String, Vec<String>>,
    /// The worst that findings below a path can be, by gitignore pattern; of several patterns the longest decides. Nothing is made worse: `info` is what the evidence allows.
    #[schemars(extend("propertyNames" = {"format": PATTERN}), example = one("legacy/**", "info"))]
    pub per_path_severity: BTreeMap<String, Severity>,
    /// Numbers that decide when to speak.
    pub limits: Limits,
    /// What the index set as a whole is chosen by.
    pub selection: Selection,
    /// What is known of tables, by name.
    pub tables: BTreeMap<String, TableSettings>,
    /// Several databases in one code base.
    #[serde(rename = "database")]
    pub databases: Vec<DatabaseSettings>,
    /// How often some queries are sent, where the code and the statistics do not tell it.
    pub workload: Vec<WorkloadSettings>,
    /// Functions that send the SQL text that they are given, beside those of the known drivers.
    pub wrappers: Vec<WrapperSettings>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dialect: None,
            target_version: None,
            engine: EngineChoice::Auto,
            pg_bin: None,
            schema: Vec::new(),
            replica_stats: Vec::new(),
            exclude: Vec::new(),
            include: Vec::new(),
            select: vec![DEFAULT.to_owned()],
            extend_select: Vec::new(),
            ignore: Vec::new(),
            min_confidence: Confidence::High,
            audit: false,
            fail_on: Severity::Warning,
            require_reason: false,
            classes: BTreeMap::new(),
            per_path_ignores: BTreeMap::new(),
            per_path_severity: BTreeMap::new(),
            limits: Limits::default(),
            selection: Selection::default(),
            tables: BTreeMap::new(),
            databases: Vec::new(),
            workload: Vec::new(),
            wrappers: Vec::new(),
        }
    }
}

/// Who plans the queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// The dialect's own engine where it can be had, else a stand-in for it; without either, nobody.
    #[default]
    Auto,
    /// SQLite; a dialect that it cannot stand in for is an error.
    Sqlite,
    /// A PostgreSQL server of our own, for what is written for PostgreSQL; its programs must be installed.
    Postgres,
    /// Nobody: no engine is started, queries are judged by their shape.
    None,
}

/// Numbers that decide when to speak; what they were measured on stands in `docs/statistics.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Limits {
    /// Tables below this many rows, given or assumed, need no index.
    #[schemars(range(min = 1), example = 1000)]
    pub min_rows: f64,
    /// The price of a query must fall by this factor for an index to be advised.
    #[schemars(range(min = 1), example = 10)]
    pub min_gain: f64,
    /// The rows a `LIMIT $1` is taken to ask for.
    #[schemars(range(min = 1), example = 1000)]
    pub limit_rows: u64,
    /// Files above this many bytes are skipped.
    #[schemars(range(min = 1), example = 1_048_576)]
    pub max_file_bytes: u64,
    /// No index is called unused or too long unless this part of the queries could be read as a whole and planned.
    #[schemars(range(min = 0, max = 1), example = 0.95)]
    pub min_understood: f64,
    /// No index is called unused or too long unless this part of the queries that name its table could be.
    #[schemars(range(min = 0, max = 1), example = 1)]
    pub min_understood_of_table: f64,
    /// That production never searched an index counts only where each server has counted for this many days.
    #[schemars(range(min = 0), example = 30)]
    pub min_counted_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            min_rows: 10_000.0,
            min_gain: 3.0,
            limit_rows: 50,
            max_file_bytes: 16 << 20,
            min_understood: 0.8,
            min_understood_of_table: 0.9,
            min_counted_days: 14,
        }
    }
}

/// One of several databases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DatabaseSettings {
    /// Its name in reports and fingerprints.
    #[schemars(example = &"billing")]
    pub name: String,
    /// Its dialect; told from the schema's own marks, else from the nearest, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"mysql")]
    pub dialect: Option<Dialect>,
    /// Production's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<VersionText>", example = &"8.0.36")]
    pub version: Option<String>,
    /// Where its schema is: files or migration folders, in order, or `models` or `migrations` alone for what the code declares; the nearest to `paths` when empty.
    #[serde(default)]
    #[schemars(with = "Vec<ProjectPath>", example = ["billing/migrations"])]
    pub schema: Vec<String>,
    /// Folders whose queries run on it.
    #[serde(default)]
    #[schemars(with = "Vec<ProjectPath>", example = ["billing"])]
    pub paths: Vec<String>,
}

/// A function that sends SQL text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WrapperSettings {
    /// Its name, or the end of its dotted name, as calls have it or as it is declared.
    #[schemars(with = "FunctionName", example = &"db.fetch_all")]
    pub function: String,
    /// The position of the argument that is the SQL text, from 0; `self` does not count.
    #[serde(default)]
    #[schemars(example = 1)]
    pub argument: u16,
}

/// How often a query is sent; it is named in one of three ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WorkloadSettings {
    /// The place that sends it: a path and a line of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"app/orders.py:120")]
    pub at: Option<String>,
    /// Its text; values and aliases are of no account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"SELECT * FROM orders WHERE customer_id = $1")]
    pub sql: Option<String>,
    /// What `planlint queries --by-load` calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"9f0c3b1a5d7e42688c1f0a2b3c4d5e6f")]
    pub fingerprint: Option<String>,
    /// How often it is sent, beside the others: calls, in the time that the statistics are of, or as many times as a query of which nothing is known.
    #[schemars(range(min = 0), example = 500)]
    pub weight: f64,
}

/// A map of one entry, as an example.
fn one<T>(key: &str, value: T) -> BTreeMap<String, T> {
    BTreeMap::from([(key.to_owned(), value)])
}
