//! The embedded SQLite as scratch engine: many small in-memory databases.
//!
//! SQLite takes time in proportion to the schema for each change of it, so a database here holds the tables of one
//! query and the indexes of one set, nothing else. They are kept by (tables, hidden indexes) and shared by all threads;
//! candidates come and go on them. What a database holds depends on the request alone, never on what was asked
//! before, so plans are the same however many threads plan and in whatever order.

mod database;
pub mod file;
mod guard;
mod library;
pub mod native;
mod print;
mod schema;
mod script;
mod seed;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Mutex;

use lru::LruCache;
use rayon::prelude::*;

use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::dialect::{Dialect, Target};
use crate::engine::{
    Deadline, EngineFacts, EngineKind, Fidelity, IndexSet, Loaded, PeopleCall, PlanRequest, Pricing, Refusal,
    ScratchEngine, ScratchError, Tier,
};
use crate::explain::sqlite as explain;
use crate::name::QName;
use crate::plan::Plan;
use crate::stats::StatsModel;

use database::Database;
use schema::Schema;

/// Databases kept open; one of two tables takes about 100 KiB.
const KEPT: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// The embedded SQLite.
pub struct SqliteEngine {
    facts: EngineFacts,
    schema: Schema,
    kept: Mutex<LruCache<Key, Database>>,
}

/// What makes two databases the same: their tables in order, and the schema's indexes that they lack.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    tables: Vec<QName>,
    hidden: Vec<IndexId>,
}

/// An answer to one request; none where the deadline came first.
type Answer = Option<Result<Plan, Refusal>>;

/// A request with its place in the batch.
struct Ordered<'a, 'b> {
    at: usize,
    shown: Vec<IndexId>,
    request: &'a PlanRequest<'b>,
}

/// Requests on one key that go to a thread at a time, so that one busy table does not leave the other threads idle.
const CHUNK: usize = 256;

impl SqliteEngine {
    /// An engine that plans for `target`: natively if that is SQLite, else as a stand-in.
    pub fn new(target: Target) -> Self {
        let native = target.dialect == Dialect::Sqlite;
        let facts = EngineFacts {
            kind: EngineKind::Sqlite,
            version: rusqlite::version().to_owned(),
            target,
            native,
            pricing: Pricing::Model,
            tier_ceiling: if native { Tier::Statistics } else { Tier::Structure },
        };
        Self { facts, schema: Schema::default(), kept: Mutex::new(LruCache::new(KEPT)) }
    }

    fn key(&self, request: &PlanRequest<'_>) -> Key {
        let tables: BTreeSet<&QName> = request.query.references.iter().collect();
        let hidden =
            request.indexes.hidden.iter().copied().filter(|id| self.stands_on(*id, &|name| tables.contains(name)));
        Key { hidden: hidden.collect(), tables: tables.into_iter().cloned().collect() }
    }

    /// The candidates of a request that stand on its tables, in order of number.
    fn shown(&self, key: &Key, indexes: &IndexSet) -> Vec<IndexId> {
        let shown = indexes.shown.iter().copied();
        shown.filter(|id| self.stands_on(*id, &|name| key.tables.binary_search(name).is_ok())).collect()
    }

    fn stands_on(&self, index: IndexId, wanted: &dyn Fn(&QName) -> bool) -> bool {
        self.schema.indexes.get(&index).is_some_and(|index| wanted(&index.def.table))
    }

    fn take(&self, key: &Key) -> Result<Database, Refusal> {
        let kept = self.kept.lock().expect("no thread panics while it holds the cache").pop(key);
        kept.map_or_else(|| Database::open(&self.schema, key), Ok)
    }

    fn keep(&self, key: Key, database: Database) {
        self.kept.lock().expect("no thread panics while it holds the cache").put(key, database);
    }

    /// Plans the requests of one key, in an order that makes few changes to the database.
    fn plan_group(&self, key: &Key, requests: &[Ordered<'_, '_>], until: Deadline) -> Vec<(usize, Answer)> {
        let mut open: Option<Database> = None;
        let mut answers = Vec::with_capacity(requests.len());
        for one in requests {
            let answer = if until.is_over() { None } else { Some(self.plan_one(key, one, &mut open)) };
            answers.push((one.at, answer));
        }
        if let Some(database) = open {
            self.keep(key.clone(), database);
        }
        answers
    }

    fn plan_one(&self, key: &Key, one: &Ordered<'_, '_>, open: &mut Option<Database>) -> Result<Plan, Refusal> {
        let mut database = match open.take() {
            Some(database) => database,
            None => self.take(key)?,
        };
        // A change that failed leaves a database in an unknown state: it is dropped by this `?`.
        database.show(&self.schema, &one.shown)?;
        let rows = database.explain(one.request.query);
        *open = Some(database);
        Ok(explain::read(&rows?, one.request.query, &self.schema))
    }
}

impl ScratchEngine for SqliteEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    fn load(&mut self, catalog: &Catalog, stats: &StatsModel) -> Result<Loaded, ScratchError> {
        self.kept.lock().expect("no thread panics while it holds the cache").clear();
        let (schema, refused) = Schema::print(catalog, stats, self.facts.target.dialect);
        self.schema = schema;
        Ok(Loaded { refused })
    }

    fn add_candidates(&mut self, defs: &[IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        Ok(defs.iter().map(|def| self.schema.add_candidate(def)).collect())
    }

    fn plan(&mut self, batch: &[PlanRequest<'_>], until: Deadline) -> Result<Vec<Answer>, ScratchError> {
        let mut answers: Vec<Answer> = batch.iter().map(|_| None).collect();
        let mut groups: BTreeMap<Key, Vec<Ordered<'_, '_>>> = BTreeMap::new();
        for (at, request) in batch.iter().enumerate() {
            if let Fidelity::None(reason) = &request.query.fidelity {
                answers[at] = Some(Err(Refusal(reason.clone())));
                continue;
            }
            let key = self.key(request);
            let shown = self.shown(&key, request.indexes);
            groups.entry(key).or_default().push(Ordered { at, shown, request });
        }
        let mut work: Vec<(&Key, &[Ordered<'_, '_>])> = Vec::new();
        for (key, requests) in &mut groups {
            requests.sort_by(|a, b| a.shown.cmp(&b.shown));
            work.extend(requests.chunks(CHUNK).map(|chunk| (key, chunk)));
        }
        let this = &*self;
        let found: Vec<Vec<(usize, Answer)>> =
            work.par_iter().map(|(key, requests)| this.plan_group(key, requests, until)).collect();
        for (at, answer) in found.into_iter().flatten() {
            answers[at] = answer;
        }
        Ok(answers)
    }

    fn script(&mut self, request: &PlanRequest<'_>, name: PeopleCall<'_>) -> Result<Option<String>, ScratchError> {
        let as_is = Key { hidden: Vec::new(), ..self.key(request) };
        let wanted = IndexSet {
            shown: self.shown(&as_is, request.indexes).into_iter().collect(),
            hidden: request.indexes.hidden.clone(),
        };
        Ok(Some(script::write(&self.schema, &as_is, request.query, &wanted, name)))
    }
}
