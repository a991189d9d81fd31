//! What the stages have found so far: plain data that `run` hands from one to the next.
//!
//! Holds symbolic places only; `run::concrete` turns them into lines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::advice::host::HostTable;
use crate::advice::{AdviceId, Curve, IndexAdvice, Narrowed, QueryAdvice, Shortened, Unneeded};
use crate::catalog::{Catalog, OtherSchema};
use crate::dialect::Target;
use crate::engine::{EngineFacts, Tier};
use crate::finding::Finding;
use crate::name::QName;
use crate::query::{DatabaseId, PathClass, QuerySite, SiteId, Skip, UniqueCheck};
use crate::snapshot::ActivityFigures;
use crate::source::{FileId, HostSpan, TreePath};
use crate::stats::StatsModel;
use crate::suppress::Suppression;
use crate::workload::{QueryId, Sender, Understood, WorkloadQuery};

use super::entries::Asked;
use super::explain::Explained;
use super::load::Load;
use super::stages::Unread;

/// A run between its stages.
#[derive(Default)]
pub(super) struct Analysis {
    /// Every file that was listed, by [`FileId`].
    pub files: Vec<RunFile>,
    /// Those of them that are SQL and were read.
    pub files_read: Vec<FileId>,
    /// The databases, by [`crate::query::DatabaseId`].
    pub databases: Vec<Database>,
    /// The query sites, sorted by place.
    pub sites: Vec<QuerySite>,
    /// How often each form of each of them is sent, beside the others.
    pub weights: Vec<Vec<f64>>,
    /// What production counted of them.
    pub load: Load,
    /// Queries that look whether a row is there before one like it is added.
    pub checks: Vec<UniqueCheck>,
    /// What the queries ask, as the report says it, in the order of the sites; only where nobody judges them, so that no
    /// workload is kept.
    pub entries: VecDeque<(Sender, Asked)>,
    /// What comments ask to be silent about, sorted by file.
    pub suppressions: Vec<RunSuppression>,
    /// Sites that are not queries we can read, for the counts.
    pub skips: Vec<Skip>,
    /// The text that was typed instead of standing in a file, and the number it goes by.
    pub typed: Option<(FileId, Arc<str>)>,
    /// The sites that are to be explained.
    pub chosen: BTreeSet<SiteId>,
    /// How much of the application is in languages that are not read.
    pub unread: Unread,
    /// Whether a deadline cut the run short.
    pub cut: bool,
}

/// A file of the run.
pub(super) struct RunFile {
    pub path: TreePath,
    pub class: PathClass,
    /// Its statements make the schema of a database.
    pub builds_schema: bool,
}

/// A suppression and where it belongs.
pub(super) struct RunSuppression {
    pub suppression: Suppression,
    /// The database of its file, if that can be told.
    pub database: Option<DatabaseId>,
    /// It silences what it names: nothing is wrong with it, and it gives a reason where one is required.
    pub holds: bool,
}

impl RunSuppression {
    /// Returns its file.
    pub fn file(&self) -> FileId {
        self.suppression.place.file
    }
}

/// One database and what was found out about it.
pub(super) struct Database {
    pub name: Arc<str>,
    pub target: Target,
    pub dialect_source: String,
    pub schema_source: String,
    pub schema_paths: Vec<String>,
    pub catalog: Catalog,
    /// What other sources declare of it.
    pub others: Vec<OtherSchema>,
    /// The classes of the host code that declare its tables.
    pub classes: BTreeMap<QName, HostTable>,
    /// The statements that make the schema, in order, for an engine that runs them as they are.
    pub ddl: Vec<(Arc<str>, HostSpan)>,
    /// Tables that a statement names which was not understood.
    pub doubtful: BTreeSet<QName>,
    /// Tables that a framework makes, whose indexes the code cannot take away.
    pub generated: BTreeSet<QName>,
    pub stats: StatsModel,
    pub engine: Option<EngineFacts>,
    /// Why it is this one, where that is not plain.
    pub engine_reason: Option<String>,
    /// What of the schema the file of statistics does not know.
    pub statistics_gap: Option<String>,
    pub tier: Tier,
    /// What was done to tables in the time that the weights are of.
    pub counted: BTreeMap<QName, ActivityFigures>,
    pub workload: Vec<WorkloadQuery>,
    /// The text ranges of each sender's own shape, parallel to `workload[i].senders`.
    pub ranges: Vec<Vec<Vec<std::ops::Range<u32>>>>,
    /// Parallel to `workload`.
    pub advised: Vec<QueryAdvice>,
    pub advice: Vec<IndexAdvice>,
    /// Existing indexes of which only a part is read.
    pub narrowed: Vec<Narrowed>,
    /// Existing indexes without which no query is worse off.
    pub unneeded: Vec<Unneeded>,
    /// Existing indexes whose last keys no query needs.
    pub shortened: Vec<Shortened>,
    /// How much of what is asked of it could be read.
    pub understood: Understood,
    /// Advice that no rule asks for which has a say: rules may read it, nobody is shown it.
    pub unasked: BTreeSet<AdviceId>,
    /// In which order the advice that makes an index is best followed, and what it gains; not where queries are explained.
    pub curve: Option<Curve>,
    /// What the engine said of queries that are to be explained.
    pub explained: BTreeMap<QueryId, Explained>,
    pub findings: Vec<Finding>,
}

impl Database {
    /// Returns the advice that is shown.
    pub fn listed_advice(&self) -> impl Iterator<Item = &IndexAdvice> {
        self.advice.iter().filter(|advice| !self.unasked.contains(&advice.id))
    }
}

impl Analysis {
    /// Returns a file's path.
    pub fn path(&self, file: FileId) -> &TreePath {
        &self.files[file.0 as usize].path
    }

    /// Returns a file's class.
    pub fn class(&self, file: FileId) -> PathClass {
        self.files[file.0 as usize].class
    }
}
