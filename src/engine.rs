//! The scratch engine's contract: a throw-away database that answers how it would run a query.
//!
//! Types and the trait only; `scratch` implements it and `explain` reads what engines print. Object-safe and blocking.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::dialect::{Target, Version};
use crate::expr::Expr;
use crate::name::{Ident, QName};
use crate::plan::Plan;
use crate::query::{AccessPattern, QueryShape, RefId};
use crate::stats::{StatsModel, StatsSource};

/// What an engine is and what its answers are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// The product.
    pub kind: EngineKind,
    /// Its full version as it prints it (`3.54.1`).
    pub version: String,
    /// What production runs.
    pub target: Target,
    /// Whether the engine speaks the target's dialect itself; else it is a stand-in.
    pub native: bool,
    /// Whose costs count.
    pub pricing: Pricing,
    /// The best tier its answers can have.
    pub tier_ceiling: Tier,
}

impl EngineFacts {
    /// Names the engine and its version: `sqlite 3.54.1`; `none`.
    pub fn label(&self) -> String {
        match self.kind {
            EngineKind::None => self.kind.as_str().to_owned(),
            EngineKind::Sqlite | EngineKind::Postgres => format!("{} {}", self.kind.as_str(), self.version),
        }
    }
}

impl EngineFacts {
    /// What plans over some tables are worth: the weakest figures among theirs decide, and the engine is the ceiling.
    pub fn tier<'a>(&self, stats: &StatsModel, tables: impl Iterator<Item = &'a QName>) -> Tier {
        let production = stats.origin.as_ref().and_then(|origin| origin.version);
        let same = Version::parse(&self.version).zip(production).is_some_and(|(own, other)| own.major == other.major);
        let of_table = |table: &QName| match stats.table(table).map(|stats| stats.source) {
            Some(StatsSource::Complete) if same => Tier::Statistics,
            Some(StatsSource::Complete | StatsSource::Production | StatsSource::Configured) => Tier::Counts,
            Some(StatsSource::Assumed) | None => Tier::Assumed,
        };
        tables.map(of_table).chain([self.tier_ceiling]).max().unwrap_or(Tier::Structure)
    }
}

/// A product that plans queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EngineKind {
    /// Nobody: queries are judged by their shape.
    None,
    /// The embedded SQLite.
    Sqlite,
    /// A PostgreSQL of our own.
    Postgres,
}

impl EngineKind {
    /// Returns the name used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Whose costs count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// The engine's own.
    Engine,
    /// The engine chooses the plan, `cost` prices it.
    Model,
}

/// What the evidence is worth (architecture, "Proof, tier, confidence"); later ones are worth less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Production's full column statistics, same major version.
    Statistics,
    /// Production's row and distinct counts.
    Counts,
    /// Figures inferred from the schema.
    Assumed,
    /// No figures, or a stand-in engine.
    Structure,
}

/// The indexes a plan may use: the schema's own, less `hidden`, plus `shown`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexSet {
    /// Candidates to show.
    pub shown: BTreeSet<IndexId>,
    /// Indexes of the schema to hide.
    pub hidden: BTreeSet<IndexId>,
}

/// A query as the engine gets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineQuery {
    /// The text; every base-table reference is aliased `t0`, `t1`, … by [`RefId`].
    pub sql: String,
    /// The tables by [`RefId`].
    pub references: Vec<QName>,
    /// How many parameters it has, numbered from `$1` on without gaps; 0 where the engine need not be told.
    pub parameters: u16,
    /// How faithful the text is to the original.
    pub fidelity: Fidelity,
    /// Parameters that are bounds of ranges, and where they are taken to lie.
    pub bounds: Vec<Bound>,
    /// Functions to register before planning, with their numbers of arguments.
    pub functions: BTreeSet<(String, u16)>,
    /// By reference, the keys its predicates and disjunctions test, so that a reader of plans can tell what is left to filter.
    pub filters: Vec<Vec<Expr>>,
}

impl EngineQuery {
    /// A query that no engine will be asked to plan.
    pub fn unasked() -> Self {
        Self {
            sql: String::new(),
            references: Vec::new(),
            parameters: 0,
            bounds: Vec::new(),
            fidelity: Fidelity::None("no plan was asked for".to_owned()),
            functions: BTreeSet::new(),
            filters: Vec::new(),
        }
    }

    /// What every form of a query shares, without a text.
    pub fn about(shape: &QueryShape) -> Self {
        let references = shape.references.iter().map(|reference| reference.table.clone());
        Self {
            references: references.collect(),
            filters: shape.patterns.iter().map(tested).collect(),
            ..Self::unasked()
        }
    }
}

/// A bound of a range that is known at run time only, or of which it is not known where it lies among the column's values
/// (statistics.md, "Parameters").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// The parameter, from 1, which stands nowhere else.
    pub parameter: u16,
    /// The reference whose column is searched.
    pub reference: RefId,
    /// The column.
    pub column: Ident,
    /// The part of the column's values that is taken to lie below it, 0 to 1.
    pub part: f64,
    /// The constant that the query has there, which tells more wherever the column's values are known.
    #[serde(default)]
    pub written: Option<String>,
}

/// The keys that a reference's conditions test.
fn tested(pattern: &AccessPattern) -> Vec<Expr> {
    let single = pattern.predicates.iter();
    let either = pattern.disjunctions.iter().flat_map(|or| or.branches.iter().flatten());
    let mut keys: Vec<Expr> = single.chain(either).map(|predicate| predicate.key.clone()).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// How faithful a lowered query is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fidelity {
    /// It asks the planner what the original asks.
    Exact,
    /// It asks something a little different, for these reasons.
    Approximate(Vec<String>),
    /// It cannot be asked on this engine, for this reason.
    None(String),
}

/// One question to the engine.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest<'a> {
    /// The query.
    pub query: &'a EngineQuery,
    /// The indexes it may use.
    pub indexes: &'a IndexSet,
}

/// When to give up.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Option<Instant>);

impl Deadline {
    /// Says whether the time is over.
    pub fn is_over(&self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}

/// Why the engine would not plan a query or create an index; its own words.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{0}")]
pub struct Refusal(pub String);

/// Why a scratch engine cannot be used at all.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum ScratchError {
    /// The engine would not start or lost its database.
    #[error("the scratch database failed: {0}")]
    #[diagnostic(help("run again with `--engine none` to judge queries by their shape alone"))]
    Engine(String),
    /// The engine cannot be had as things are.
    #[error("{message}")]
    #[diagnostic(help("{help}"))]
    Start {
        /// What was seen.
        message: String,
        /// What to type.
        help: String,
    },
}

/// Says what people call an index.
pub type PeopleCall<'a> = &'a dyn Fn(IndexId) -> Option<String>;

/// A database that plans queries and never holds user data.
pub trait ScratchEngine: Send {
    /// Says what the engine is.
    fn facts(&self) -> &EngineFacts;

    /// Takes the schema and the statistics to plan with; replaces what was loaded before.
    ///
    /// # Errors
    /// When the engine cannot be used at all; tables it refuses are named in the result.
    fn load(&mut self, catalog: &Catalog, stats: &StatsModel) -> Result<Loaded, ScratchError>;

    /// Takes candidate indexes, hidden until an [`IndexSet`] shows them; the same definition gets the same number.
    ///
    /// # Errors
    /// When the engine cannot be used at all; a candidate it refuses is a [`Refusal`].
    fn add_candidates(&mut self, defs: &[IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError>;

    /// Plans a batch; an answer is `None` where the deadline came first.
    ///
    /// # Errors
    /// When the engine cannot be used at all.
    fn plan(
        &mut self,
        batch: &[PlanRequest<'_>],
        until: Deadline,
    ) -> Result<Vec<Option<Result<Plan, Refusal>>>, ScratchError>;

    /// Says how large indexes of the schema, or candidates, are taken to be in bytes, on the statistics that are loaded;
    /// none where the engine does not tell.
    ///
    /// # Errors
    /// When the engine cannot be used at all.
    fn sizes(&mut self, defs: &[IndexDef]) -> Result<Vec<Option<u64>>, ScratchError> {
        Ok(vec![None; defs.len()])
    }

    /// Writes a script for the engine's own shell that shows a query's plan with the schema as it is, and with the
    /// indexes of the request; `name` says what people call an index. None where nothing was planned.
    ///
    /// # Errors
    /// When the engine cannot be used at all.
    fn script(&mut self, request: &PlanRequest<'_>, name: PeopleCall<'_>) -> Result<Option<String>, ScratchError>;
}

/// What loading a schema gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Tables and indexes the engine would not create, and its words.
    pub refused: Vec<(QName, Refusal)>,
}
