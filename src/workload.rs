//! The workload of one database: every distinct query, its sites, its shape, its lowered form and its plan.
//!
//! Plain data between the stages `shape`, `lower`, `plan` and `advise`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, IndexId};
use crate::engine::{EngineQuery, Refusal};
use crate::name::{Ident, QName};
use crate::plan::{Plan, PlanNames};
use crate::query::{QueryShape, RefId, SiteId};

/// The number of a distinct query within one database's workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueryId(pub u32);

/// A distinct query: sites whose variants lower to the same text share one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadQuery {
    /// Its number.
    pub id: QueryId,
    /// The variants that send it, sorted; `shape`'s text ranges are those of the first.
    pub senders: Vec<Sender>,
    /// What it asks of each table.
    pub shape: QueryShape,
    /// Its form for the engine.
    pub engine: EngineQuery,
    /// Whether a sender is application code in its required form, so that advice may come from it.
    pub advisable: bool,
    /// Whether all of it is known: of a part alone nobody can tell how many rows it reads.
    pub is_whole: bool,
    /// How often it is sent beside the others of its database; 1 where nothing is known.
    pub weight: f64,
    /// Its plan with the schema as it is; none where the engine was not asked or ran out of time.
    pub plan: Option<Result<Plan, Refusal>>,
}

/// A variant of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sender {
    /// The site.
    pub site: SiteId,
    /// The index of its variant.
    pub variant: u16,
}

impl WorkloadQuery {
    /// Returns the plan, if there is one.
    pub fn planned(&self) -> Option<&Plan> {
        self.plan.as_ref()?.as_ref().ok()
    }
}

/// How much of what is asked of a database could be read: what nobody has read may need what nobody else does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Understood {
    /// Of the queries of the application and its scripts.
    pub all: Share,
    /// Of those that name a table, by table.
    pub tables: BTreeMap<QName, Share>,
    /// Whether most of the code that asks it is in languages that are not read.
    pub elsewhere: bool,
    /// Tables that code within the database names (functions, triggers, policies, views that no query reads).
    pub within: BTreeSet<QName>,
    /// Indexes that the database itself needs (`CLUSTER ON`, `REPLICA IDENTITY`).
    pub held: BTreeSet<Ident>,
}

/// A part of some queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// How many there are.
    pub found: usize,
    /// How many of them could be read as a whole and planned.
    pub whole: usize,
}

impl Share {
    /// Says whether at least a part, 0 to 1, could be read; of no queries at all nothing is known.
    pub fn reaches(self, part: f64) -> bool {
        self.found > 0 && self.whole as f64 >= part * self.found as f64
    }
}

/// Names as a person knows them: tables with the query's labels, indexes of the schema and advised ones.
#[derive(Clone, Copy, Debug)]
pub struct PlanLabels<'a> {
    /// The query whose plan it is.
    pub query: &'a WorkloadQuery,
    /// The schema.
    pub catalog: &'a Catalog,
    /// The names of advised indexes.
    pub advised: &'a BTreeMap<IndexId, Ident>,
}

impl PlanNames for PlanLabels<'_> {
    fn reference(&self, id: RefId) -> String {
        match self.query.shape.references.get(usize::from(id.0)) {
            Some(reference) => reference.shown(),
            None => format!("t{}", id.0),
        }
    }

    fn index(&self, id: IndexId) -> String {
        let schema = || {
            let index = self.catalog.index(id)?;
            Some(match &index.name {
                Some(name) => name.to_string(),
                None => format!("of {}'s key", index.def.table),
            })
        };
        self.advised.get(&id).map(ToString::to_string).or_else(schema).unwrap_or_else(|| format!("ix_{}", id.0))
    }
}
