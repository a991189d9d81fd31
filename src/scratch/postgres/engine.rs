//! The scratch engine: the schema and the statistics in a PostgreSQL of our own, candidates as real indexes, and plans.
//!
//! Candidates are created on emptied heaps, made as large as they would be, and hidden by `indisvalid`; a trial is a
//! committed change of that flag by the admin, and a new plan by the planner, who sees it at once. Where there is much to
//! plan, several copies of the database, a lane each, share the work.

mod lane;
mod slow;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::cluster::{Choice, Cluster};
use super::kept;
use super::offered::{Offer, Offered, Reach};
use super::pages::PAGE;
use super::relations::{RelationKind, Relations};
use super::schema::{self, Applied, Made, Sent};
use super::script::{self, Named, Shown, Subject};
use super::server::{Home, Server};
use super::session::SqlError;
use super::statistics;
use crate::advice::quote_qualified;
use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::dialect::{Dialect, Target};
use crate::engine::{
    Deadline, EngineFacts, EngineKind, Fidelity, Loaded, PeopleCall, PlanRequest, Pricing, Refusal, ScratchEngine,
    ScratchError, Tier,
};
use crate::name::{Ident, QName};
use crate::plan::Plan;
use crate::query::Skip;
use crate::scratch::NativeStatement;
use crate::stats::StatsModel;

use lane::{Ground, Lane};

/// A lane gets no fewer requests of a batch: to have another one begin takes longer.
const LEAST: usize = 32;

/// A PostgreSQL of our own.
pub struct PostgresEngine {
    facts: EngineFacts,
    // Sessions end before the database does. There is at least one.
    lanes: Vec<Lane>,
    ground: Ground,
    applied: Applied,
    /// Candidates that every lane has.
    candidates: HashMap<IndexDef, IndexId>,
    /// The number of the next candidate.
    next: u32,
}

/// An answer to one request; none where the deadline came first.
type Answer = Option<Result<Plan, Refusal>>;

impl PostgresEngine {
    /// Starts a server that plans for `target`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(choice: &Choice, target: Target) -> Result<Self, ScratchError> {
        Self::new(Home::Own(Cluster::start(choice)?), target)
    }

    /// Starts a server that holds a schema, as an earlier run left it where it was the same; returns what was refused.
    ///
    /// # Errors
    /// When it does not start or is lost.
    pub fn with_schema(
        choice: &Choice,
        target: Target,
        statements: &[NativeStatement<'_>],
        catalog: &Catalog,
    ) -> Result<(Self, Vec<Skip>), ScratchError> {
        let digest = kept::digest(choice, statements, catalog);
        // What cannot be used is made anew.
        let resumed = digest.and_then(|digest| Cluster::resume(choice, digest).ok().flatten());
        if let Some((cluster, note)) = resumed
            && let Ok(made) = serde_json::from_str(&note)
        {
            let mut engine = Self::new(Home::Own(cluster), target)?;
            let skips = engine.take(statements, catalog, made)?;
            return Ok((engine, skips));
        }
        let mut engine = Self::start(choice, target)?;
        let made = engine.make(statements, catalog)?;
        let skips = engine.take(statements, catalog, made.clone())?;
        if let Some(digest) = digest.filter(|_| made.is_lasting() && kept::pays(&engine.applied.relations)) {
            engine.keep(digest, &made)?;
        }
        Ok((engine, skips))
    }

    /// Takes a server that runs already, and an empty database in it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn within(server: &Arc<Server>, target: Target) -> Result<Self, ScratchError> {
        Self::new(Home::within(server)?, target)
    }

    /// Takes a database of our own on a server of the user's.
    ///
    /// # Errors
    /// When the server does not answer, may not be used, or refuses.
    pub fn on(offer: &Offer, target: Target) -> Result<Self, ScratchError> {
        Self::new(Home::Offered(Offered::take(offer)?), target)
    }

    /// In how many databases it plans.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// How far its plans can be believed.
    pub fn reach(&self) -> Reach {
        self.ground.home.reach()
    }

    fn new(home: Home, target: Target) -> Result<Self, ScratchError> {
        let first = Lane::open(&home, home.first())?;
        let (pricing, tier_ceiling) = match home.reach() {
            Reach::Costs => (Pricing::Engine, Tier::Statistics),
            Reach::Structure | Reach::Tables => (Pricing::Model, Tier::Structure),
        };
        let facts = EngineFacts {
            kind: EngineKind::Postgres,
            version: home.version(),
            target,
            native: true,
            pricing,
            tier_ceiling,
        };
        Ok(Self {
            facts,
            lanes: vec![first],
            ground: Ground::new(home),
            applied: Applied::default(),
            candidates: HashMap::new(),
            next: 0,
        })
    }

    /// The same engine, planning in so many lanes if there may be more than one; to be asked before it is loaded.
    ///
    /// # Errors
    /// When the server is lost.
    pub fn with_lanes(mut self, count: usize) -> Result<Self, ScratchError> {
        if count < 2 || !self.ground.home.is_copied() {
            return Ok(self);
        }
        // What somebody is connected to cannot be copied.
        self.lanes.clear();
        let home = &self.ground.home;
        let copies = (1..count).map_while(|number| home.copy(number).ok());
        let databases: Vec<String> = [home.first()].into_iter().chain(copies).collect();
        self.lanes = databases.into_iter().map(|database| Lane::open(home, database)).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Makes the schema, as its own statements do; what the catalogue has beyond them is made from it. Returns what was
    /// refused.
    ///
    /// # Errors
    /// When the server is lost.
    pub fn apply(&mut self, statements: &[NativeStatement<'_>], catalog: &Catalog) -> Result<Vec<Skip>, ScratchError> {
        let made = self.make(statements, catalog)?;
        self.take(statements, catalog, made)
    }

    fn make(&mut self, statements: &[NativeStatement<'_>], catalog: &Catalog) -> Result<Made, ScratchError> {
        // A role with rights of its own makes only what cannot run: tables and indexes, as they were read.
        let sent = if self.ground.home.reach() == Reach::Tables { Sent::Extensions } else { Sent::All };
        let Lane { admin, planner, .. } = &mut self.lanes[0];
        schema::make(admin, planner, statements, catalog, sent).map_err(lost)
    }

    /// Takes the schema that was made, by this run or an earlier one.
    fn take(
        &mut self,
        statements: &[NativeStatement<'_>],
        catalog: &Catalog,
        made: Made,
    ) -> Result<Vec<Skip>, ScratchError> {
        self.applied = schema::tell(&mut self.lanes[0].admin, statements, catalog, made).map_err(lost)?;
        self.add_partitions()?;
        Ok(std::mem::take(&mut self.applied.skips))
    }

    /// Keeps the schema for later runs.
    fn keep(&mut self, digest: u128, made: &Made) -> Result<(), ScratchError> {
        let Home::Own(cluster) = &mut self.ground.home else { return Ok(()) };
        let note = serde_json::to_string(made).expect("names and texts are JSON");
        cluster.keep(digest, &note)?;
        self.lanes = vec![Lane::open(&self.ground.home, self.ground.home.first())?];
        Ok(())
    }

    /// Gives a partition to every partitioned table that has none: applications make them as time goes by, and the
    /// planner reads nothing of a table without any.
    fn add_partitions(&mut self) -> Result<(), ScratchError> {
        let relations = &self.applied.relations;
        let empty = relations.tables().filter(|table| table.kind == RelationKind::Partitioned);
        let empty: Vec<(u32, &QName)> =
            empty.filter(|table| relations.heirs(table.oid).is_empty()).map(|table| (table.oid, &table.name)).collect();
        if empty.is_empty() {
            return Ok(());
        }
        for (oid, name) in empty {
            let table = quote_qualified(Dialect::Postgres, name);
            let make = |bounds: &str| format!("CREATE TABLE public.planlint_part_{oid} PARTITION OF {table} {bounds}");
            let planner = &mut self.lanes[0].planner;
            let made = planner.run(&make("DEFAULT"));
            // One by hash has no default partition.
            let made = made.or_else(|_| planner.run(&make("FOR VALUES WITH (MODULUS 1, REMAINDER 0)")));
            match made {
                Err(error) if error.is_lost() => return Err(lost(error)),
                _ => {}
            }
        }
        self.applied.relations = Relations::read(&mut self.lanes[0].admin).map_err(lost)?;
        Ok(())
    }

    /// Creates candidates in every lane; what one of them refuses is none.
    fn create(&mut self, new: &[&IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        let numbered: Vec<(IndexId, &IndexDef)> = (self.next..).map(IndexId).zip(new.iter().copied()).collect();
        self.next += u32::try_from(new.len()).unwrap_or(u32::MAX);
        let ground = &self.ground;
        let created: Result<Vec<_>, ScratchError> =
            self.lanes.par_iter_mut().map(|lane| lane.create(ground, &numbered)).collect();
        let mut answers: Vec<Result<IndexId, Refusal>> = numbered.iter().map(|(id, _)| Ok(*id)).collect();
        for (answer, created) in created?.into_iter().flat_map(|created| (0..).zip(created)) {
            let all: &mut Result<IndexId, Refusal> = &mut answers[answer];
            if let (Ok(_), Err(refusal)) = (&all, created) {
                *all = Err(refusal);
            }
        }
        let made = numbered.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        self.candidates.extend(made.map(|((id, def), _)| ((*def).clone(), *id)));
        Ok(answers)
    }
}

/// Cuts requests into a part for each lane, those on the same tables into the same one: what a session knows of a table
/// it need not read again.
fn parts<'a, 'b>(asked: &'a mut [(usize, PlanRequest<'b>)], lanes: usize) -> Vec<&'a [(usize, PlanRequest<'b>)]> {
    asked.sort_by_key(|(_, request)| &request.query.references);
    asked.chunks(asked.len().div_ceil(lanes).max(LEAST)).collect()
}

/// The tables of these names and all below them.
fn below<'a>(relations: &Relations, names: impl Iterator<Item = &'a QName>) -> Vec<u32> {
    let tables = names.filter_map(|name| relations.table(name)).map(|table| table.oid);
    let mut found: Vec<u32> = tables.collect::<BTreeSet<_>>().into_iter().collect();
    let mut at = 0;
    while let Some(above) = found.get(at).copied() {
        found.extend(relations.heirs(above));
        at += 1;
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// A failure after which no other statement will be answered.
fn lost(error: SqlError) -> ScratchError {
    ScratchError::Engine(error.to_string())
}

fn refusal(error: &SqlError) -> Refusal {
    Refusal(error.to_string())
}

impl ScratchEngine for PostgresEngine {
    fn facts(&self) -> &EngineFacts {
        &self.facts
    }

    fn load(&mut self, catalog: &Catalog, stats: &StatsModel) -> Result<Loaded, ScratchError> {
        self.ground.stats = stats.clone();
        self.candidates.clear();
        self.next = catalog.indexes().map(|index| index.id.0 + 1).max().unwrap_or(0);
        let (ground, applied) = (&self.ground, &self.applied);
        self.lanes.par_iter_mut().try_for_each(|lane| lane.load(ground, catalog, applied))?;
        Ok(Loaded { refused: self.applied.refused.clone() })
    }

    fn add_candidates(&mut self, defs: &[IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        let mut new: Vec<&IndexDef> = defs.iter().filter(|def| !self.candidates.contains_key(def)).collect();
        new.sort();
        new.dedup();
        let mut refused: BTreeMap<&IndexDef, Refusal> = BTreeMap::new();
        if !new.is_empty() {
            for (def, answer) in new.iter().zip(self.create(&new)?) {
                if let Err(words) = answer {
                    refused.insert(def, words);
                }
            }
        }
        let number = |def: &IndexDef| match (self.candidates.get(def), refused.get(def)) {
            (Some(id), _) => Ok(*id),
            (None, Some(words)) => Err(words.clone()),
            (None, None) => Err(Refusal("it was not created".to_owned())),
        };
        Ok(defs.iter().map(number).collect())
    }

    fn plan(&mut self, batch: &[PlanRequest<'_>], until: Deadline) -> Result<Vec<Answer>, ScratchError> {
        let mut answers: Vec<Answer> = batch.iter().map(|_| None).collect();
        let mut asked: Vec<(usize, PlanRequest<'_>)> = Vec::new();
        for (at, request) in batch.iter().enumerate() {
            match &request.query.fidelity {
                Fidelity::None(reason) => answers[at] = Some(Err(Refusal(reason.clone()))),
                _ => asked.push((at, *request)),
            }
        }
        let ground = &self.ground;
        let parts = parts(&mut asked, self.lanes.len());
        let planned = self.lanes.par_iter_mut().zip(parts);
        let planned: Result<Vec<_>, ScratchError> =
            planned.map(|(lane, part)| lane.plan(ground, part, until)).collect();
        for (at, answer) in planned?.into_iter().flatten() {
            answers[at] = answer;
        }
        Ok(answers)
    }

    fn sizes(&mut self, defs: &[IndexDef]) -> Result<Vec<Option<u64>>, ScratchError> {
        if self.ground.home.reach() != Reach::Costs {
            return Ok(vec![None; defs.len()]);
        }
        let of_schema = |def: &IndexDef| self.lanes[0].indexes.of_schema(def);
        let new: Vec<IndexDef> = defs.iter().filter(|def| of_schema(def).is_none()).cloned().collect();
        self.add_candidates(&new)?;
        let Lane { indexes, pages, .. } = &self.lanes[0];
        let size = |def: &IndexDef| {
            let id = self.candidates.get(def).copied().or_else(|| indexes.of_schema(def))?;
            let files = indexes.oids(id).iter().filter_map(|oid| pages.get(oid));
            Some(files.sum::<u64>() * PAGE as u64).filter(|bytes| *bytes > 0)
        };
        Ok(defs.iter().map(size).collect())
    }

    fn script(&mut self, request: &PlanRequest<'_>, name: PeopleCall<'_>) -> Result<Option<String>, ScratchError> {
        // Elsewhere the tables are not empty, and plans are no probes.
        if self.ground.home.reach() != Reach::Costs {
            return Ok(None);
        }
        let asked = self.lanes.iter().position(|lane| lane.types(request.query).is_some());
        let lane = &mut self.lanes[asked.unwrap_or(0)];
        let question = lane.question(&self.ground, request.query).script();
        let settings = self.ground.settings();
        let (Lane { planner, relations, indexes, .. }, stats, facts) = (lane, &self.ground.stats, &self.facts);
        let tables = below(relations, request.query.references.iter());
        let mine = |id: &&IndexId| indexes.table_of(**id).is_some_and(|table| request.query.references.contains(table));
        let shown = request.indexes.shown.iter().filter(mine).filter_map(|id| {
            Some(Shown { oids: indexes.oids(*id), name: Ident::from(name(*id)?), def: indexes.def(*id)? })
        });
        let subject = Subject {
            relations,
            tables: &tables,
            shown: shown.collect(),
            hidden: request.indexes.hidden.iter().filter(mine).flat_map(|id| indexes.oids(*id)).copied().collect(),
            others: indexes.candidates_beside(&request.indexes.shown),
            version: &facts.version,
            settings,
            question,
        };
        let defs = indexes.defs();
        let told = |only: &[u32], name: Named<'_>| statistics::script::print(relations, &defs, stats, only, name);
        script::write(planner, &subject, &told).map(Some).map_err(lost)
    }
}
