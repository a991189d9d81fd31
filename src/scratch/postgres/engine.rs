//! The scratch engine: the schema and the statistics in a PostgreSQL of our own, candidates as real indexes, and plans.
//!
//! Candidates are created on emptied heaps, made as large as they would be, and hidden by `indisvalid`; a trial is a
//! committed change of that flag by the admin, and a new plan by the planner, who sees it at once.

mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::ask::{self, Question};
use super::cluster::{Choice, Cluster, DATABASE};
use super::indexes::Indexes;
use super::kept;
use super::offered::{Offer, Offered, Reach};
use super::pages::PAGE;
use super::relations::{RelationKind, Relations};
use super::rounds::{self, Round};
use super::schema::{self, Applied, Made, Sent};
use super::script::{self, Named, Shown, Subject};
use super::server::{Home, Server};
use super::session::{Row, Session, SqlError};
use super::statistics::{self, Inflation, bounds};
use crate::advice::{create_ddl, quote_qualified};
use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::dialect::{Dialect, Target};
use crate::engine::{
    Bound, Deadline, EngineFacts, EngineKind, EngineQuery, Fidelity, Loaded, PeopleCall, PlanRequest, Pricing, Refusal,
    ScratchEngine, ScratchError, Tier,
};
use crate::explain::postgres as explain;
use crate::name::{Ident, QName};
use crate::plan::Plan;
use crate::query::Skip;
use crate::scratch::NativeStatement;
use crate::stats::{ColumnStats, StatsModel};

/// Questions that are on their way before the deadline is looked at again.
const AT_ONCE: usize = 256;

/// How many sessions of the planner may be given up: each costs the time of a statement that takes too long, and what it
/// left behind may run on.
const SESSIONS: u32 = 3;

/// The SQLSTATE of a statement that came to no end and of a session that did not suffer from it.
const CANCELED: &str = "57014";

/// A PostgreSQL of our own.
pub struct PostgresEngine {
    facts: EngineFacts,
    // Sessions end before the database does.
    admin: Session,
    planner: Session,
    /// How many sessions of the planner were given up.
    given_up: u32,
    home: Home,
    stats: StatsModel,
    applied: Applied,
    relations: Relations,
    indexes: Indexes,
    /// The files that are longer than what is in them, by table.
    inflated: BTreeMap<u32, Inflation>,
    /// By index, the pages that its file is made of.
    pages: BTreeMap<u32, u64>,
    /// What the planner sees beside the schema: candidates that are shown, indexes that are hidden.
    shown: BTreeSet<IndexId>,
    hidden: BTreeSet<IndexId>,
    /// By text, the types that a query's parameters had to be given.
    types: HashMap<String, BTreeMap<u16, String>>,
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

    /// How far its plans can be believed.
    pub fn reach(&self) -> Reach {
        self.home.reach()
    }

    fn new(home: Home, target: Target) -> Result<Self, ScratchError> {
        let (admin, planner) = (home.admin()?, home.planner()?);
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
            admin,
            planner,
            given_up: 0,
            home,
            stats: StatsModel::default(),
            applied: Applied::default(),
            relations: Relations::default(),
            indexes: Indexes::default(),
            inflated: BTreeMap::new(),
            pages: BTreeMap::new(),
            shown: BTreeSet::new(),
            hidden: BTreeSet::new(),
            types: HashMap::new(),
        })
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
        let sent = if self.home.reach() == Reach::Tables { Sent::Extensions } else { Sent::All };
        schema::make(&mut self.admin, &mut self.planner, statements, catalog, sent).map_err(lost)
    }

    /// Takes the schema that was made, by this run or an earlier one.
    fn take(
        &mut self,
        statements: &[NativeStatement<'_>],
        catalog: &Catalog,
        made: Made,
    ) -> Result<Vec<Skip>, ScratchError> {
        self.applied = schema::tell(&mut self.admin, statements, catalog, made).map_err(lost)?;
        self.planner.run(ask::SETTINGS).map_err(lost)?;
        self.add_partitions()?;
        Ok(std::mem::take(&mut self.applied.skips))
    }

    /// What makes the planner's session plan as production's: its settings, or a probe where costs mean nothing.
    fn settings(&self) -> Vec<String> {
        match self.home.reach() {
            Reach::Costs => self.stats.origin.iter().flat_map(ask::as_in).collect(),
            Reach::Structure | Reach::Tables => vec![ask::PROBE.to_owned()],
        }
    }

    fn steer(&mut self) -> Result<(), ScratchError> {
        let answers = self.planner.pipeline(&self.settings());
        answers.into_iter().filter_map(Result::err).find(SqlError::is_lost).map_or(Ok(()), |error| Err(lost(error)))
    }

    /// Keeps the schema for later runs.
    fn keep(&mut self, digest: u128, made: &Made) -> Result<(), ScratchError> {
        let Home::Own(cluster) = &mut self.home else { return Ok(()) };
        let note = serde_json::to_string(made).expect("names and texts are JSON");
        cluster.keep(digest, &note)?;
        (self.admin, self.planner) = (cluster.admin(DATABASE)?, cluster.planner(DATABASE)?);
        self.planner.run(ask::SETTINGS).map_err(lost)
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
            let made = self.planner.run(&make("DEFAULT"));
            // One by hash has no default partition.
            let made = made.or_else(|_| self.planner.run(&make("FOR VALUES WITH (MODULUS 1, REMAINDER 0)")));
            match made {
                Err(error) if error.is_lost() => return Err(lost(error)),
                _ => {}
            }
        }
        self.applied.relations = Relations::read(&mut self.admin).map_err(lost)?;
        Ok(())
    }

    /// Tells the server the figures of some relations, or of all, and makes their files as large.
    fn inflate(&mut self, only: Option<&[u32]>) -> Result<(), ScratchError> {
        if self.home.reach() != Reach::Costs {
            return Ok(());
        }
        let defs = self.indexes.defs();
        let files = statistics::inject(&mut self.admin, &self.relations, &defs, &self.stats, only).map_err(lost)?;
        self.home.write(&mut self.admin, &files)?;
        for inflation in files {
            let relation = self.relations.by_oid.get(&inflation.relation);
            if relation.is_some_and(|relation| relation.kind == RelationKind::Table) {
                self.inflated.insert(inflation.relation, inflation);
            } else {
                self.pages.insert(inflation.relation, inflation.pages);
            }
        }
        Ok(())
    }

    /// Creates candidates that are not there yet, on heaps without rows, and hides them.
    fn create(&mut self, new: &[&IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        let tables = below(&self.relations, new.iter().map(|def| &def.table));
        let files: Vec<&Inflation> = tables.iter().filter_map(|table| self.inflated.get(table)).collect();
        self.home.empty(&mut self.admin, &files)?;
        self.end_view()?;
        let numbers: Vec<IndexId> = (self.indexes.next().0..).take(new.len()).map(IndexId).collect();
        let name = |id: &IndexId| Ident::new(explain::candidate_name(*id));
        let statements: Vec<String> =
            new.iter().zip(&numbers).map(|(def, id)| create_ddl(Dialect::Postgres, &name(id), def)).collect();
        let created = self.planner.pipeline(&statements);
        let before: BTreeSet<u32> = self.relations.by_oid.keys().copied().collect();
        self.relations = Relations::read(&mut self.admin).map_err(lost)?;
        let mut answers = Vec::with_capacity(new.len());
        for ((def, id), created) in new.iter().zip(&numbers).zip(created) {
            answers.push(match created {
                Err(error) if error.is_lost() => return Err(lost(error)),
                Err(error) => Err(refusal(&error)),
                Ok(_) => {
                    let (table, name) = (self.relations.table(&def.table), name(id));
                    let mut there = table.into_iter().flat_map(|table| self.relations.indexes_of(table.oid));
                    let oid = there.find(|(one, _)| one.name.name == name).map(|(one, _)| one.oid);
                    let unknown = || Refusal("the index is not there after it was created".to_owned());
                    oid.ok_or_else(unknown).map(|oid| self.indexes.add(*id, def, oid, &self.relations))
                }
            });
        }
        let created: Vec<u32> =
            self.relations.indexes().map(|(one, _)| one.oid).filter(|oid| !before.contains(oid)).collect();
        self.inflate(Some(&[tables, created].concat()))?;
        let ids: Vec<IndexId> = answers.iter().filter_map(|answer| answer.as_ref().ok().copied()).collect();
        self.set_valid(&[], &ids)?;
        Ok(answers)
    }

    /// Commits which indexes the planner may use.
    fn set_valid(&mut self, show: &[IndexId], hide: &[IndexId]) -> Result<(), ScratchError> {
        if self.drops() {
            return Ok(());
        }
        let oids = |ids: &[IndexId]| -> Vec<String> {
            ids.iter().flat_map(|id| self.indexes.oids(*id)).map(ToString::to_string).collect()
        };
        let (show, hide) = (oids(show), oids(hide));
        if show.is_empty() && hide.is_empty() {
            return Ok(());
        }
        let all = [show.clone(), hide].concat().join(", ");
        // A list of nothing is none of SQL's.
        let shown = if show.is_empty() { "false".to_owned() } else { format!("indexrelid IN ({})", show.join(", ")) };
        let sql = format!("UPDATE pg_catalog.pg_index SET indisvalid = {shown} WHERE indexrelid IN ({all})");
        self.admin.run(&sql).map_err(lost)
    }

    /// Shows the planner what a round wants, on its tables.
    fn turn_to(&mut self, round: &Round) -> Result<(), ScratchError> {
        if self.drops() {
            return self.view(round);
        }
        let on = |id: &&IndexId| self.indexes.table_of(**id).is_some_and(|table| round.views.contains_key(table));
        let shown: BTreeSet<IndexId> = round.views.values().flat_map(|view| view.shown.iter().copied()).collect();
        let hidden: BTreeSet<IndexId> = round.views.values().flat_map(|view| view.hidden.iter().copied()).collect();
        let was_shown: BTreeSet<IndexId> = self.shown.iter().filter(on).copied().collect();
        let was_hidden: BTreeSet<IndexId> = self.hidden.iter().filter(on).copied().collect();
        let show: Vec<IndexId> = shown.difference(&was_shown).chain(was_hidden.difference(&hidden)).copied().collect();
        let hide: Vec<IndexId> = hidden.difference(&was_hidden).chain(was_shown.difference(&shown)).copied().collect();
        self.set_valid(&show, &hide)?;
        self.shown = self.shown.difference(&was_shown).chain(&shown).copied().collect();
        self.hidden = self.hidden.difference(&was_hidden).chain(&hidden).copied().collect();
        Ok(())
    }

    /// Asks some queries; those that the server does not understand for want of types are asked again.
    fn ask(&mut self, queries: &[&EngineQuery]) -> Result<Vec<Result<Plan, Refusal>>, ScratchError> {
        let mut answers: Vec<Option<Result<Plan, Refusal>>> = queries.iter().map(|_| None).collect();
        let mut open: Vec<(usize, Question<'_>)> = Vec::new();
        for (at, query) in queries.iter().enumerate() {
            let types = self.types.get(&query.sql).cloned().unwrap_or_default();
            open.push((at, Question::new(query, types, self.literals(query))));
        }
        while !open.is_empty() {
            let statements: Vec<String> = open.iter().map(|(_, question)| question.sql()).collect();
            let mut again = Vec::new();
            for ((at, mut question), answer) in open.into_iter().zip(self.answers(&statements)?) {
                match answer {
                    Err(error) if error.is_lost() => return Err(lost(error)),
                    Err(error) if question.learn(&error) => again.push((at, question)),
                    Err(error) => answers[at] = Some(Err(question.refusal(error))),
                    Ok(rows) => {
                        answers[at] = Some(self.read(queries[at], &rows));
                        if let Some(types) = question.learnt() {
                            self.types.insert(queries[at].sql.clone(), types);
                        }
                    }
                }
            }
            open = again;
        }
        Ok(answers.into_iter().map(|answer| answer.expect("every question ends")).collect())
    }

    /// Puts statements to the planner; one that it neither answers nor stops costs itself alone, and a session.
    fn answers(&mut self, statements: &[String]) -> Result<Vec<Result<Vec<Row>, SqlError>>, ScratchError> {
        let mut answers = self.put(statements);
        let is_late = |answer: &Result<Vec<Row>, SqlError>| answer.as_ref().is_err_and(SqlError::is_late);
        while let Some(late) = answers.iter().position(is_late) {
            let error = answers[late].as_ref().expect_err("it is late").clone();
            // What was dropped to hide it stays dropped, and locked, until the session has ended.
            if self.given_up >= SESSIONS || self.drops() {
                return Err(lost(error));
            }
            self.given_up += 1;
            self.planner = self.home.planner()?;
            self.planner.run(ask::SETTINGS).map_err(lost)?;
            self.steer()?;
            answers.truncate(late);
            answers.push(Err(SqlError { code: CANCELED.to_owned(), ..error }));
            answers.extend(self.put(&statements[late + 1..]));
        }
        Ok(answers)
    }

    /// What stands in the place of bounds, as SQL: what is written there where the column's values are known, else a
    /// value that lies where the bound is taken to.
    fn literals(&self, query: &EngineQuery) -> BTreeMap<u16, String> {
        let literal = |bound: &Bound| {
            let name = query.references.get(usize::from(bound.reference.0))?;
            let table = self.relations.table(name)?;
            let attribute = table.attributes.iter().find(|attribute| attribute.name == bound.column)?;
            let stats = self.stats.table(name)?;
            let column = stats.columns.get(&bound.column)?;
            if bound.written.is_some() && column.values.is_some() {
                return None;
            }
            let value = value_at(attribute.base, column, stats.rows, bound.part)?;
            Some(format!("'{}'", value.replace('\'', "''")))
        };
        let written = |bound: &Bound| bound.written.as_ref().map(|text| format!("({text})"));
        let sql = |bound: &Bound| Some((bound.parameter, literal(bound).or_else(|| written(bound))?));
        query.bounds.iter().filter_map(sql).collect()
    }

    fn read(&self, query: &EngineQuery, rows: &[Row]) -> Result<Plan, Refusal> {
        let lines: Vec<&str> = rows.iter().filter_map(|row| row.first()?.as_deref()).collect();
        explain::read(&lines.join("\n"), query, &self.indexes).map_err(Refusal)
    }
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

/// The value of a column below which a part of the others lie.
fn value_at(base: u32, column: &ColumnStats, rows: f64, part: f64) -> Option<String> {
    let Some(histogram) = column.values.as_ref().map(|values| &values.histogram).filter(|bounds| !bounds.is_empty())
    else {
        return bounds::at(base, column, rows, part);
    };
    let last = histogram.len() - 1;
    histogram.get((part * last as f64).round() as usize).cloned()
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
        self.stats = stats.clone();
        self.relations = self.applied.relations.clone();
        self.indexes = Indexes::of(catalog, &self.applied.indexes, &self.relations);
        self.inflate(None)?;
        if self.home.reach() == Reach::Costs {
            statistics::extended::inject(&mut self.admin, &self.relations, stats).map_err(lost)?;
        }
        self.steer()?;
        Ok(Loaded { refused: self.applied.refused.clone() })
    }

    fn add_candidates(&mut self, defs: &[IndexDef]) -> Result<Vec<Result<IndexId, Refusal>>, ScratchError> {
        let mut new: Vec<&IndexDef> = defs.iter().filter(|def| self.indexes.candidate(def).is_none()).collect();
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
        let number = |def: &IndexDef| match (self.indexes.candidate(def), refused.get(def)) {
            (Some(id), _) => Ok(id),
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
        for round in rounds::rounds(&asked, &|id| self.indexes.table_of(id)) {
            for some in round.requests.chunks(AT_ONCE) {
                if until.is_over() {
                    return Ok(answers);
                }
                self.turn_to(&round)?;
                let queries: Vec<&EngineQuery> = some.iter().map(|at| batch[*at].query).collect();
                for (at, answer) in some.iter().zip(self.ask(&queries)?) {
                    answers[*at] = Some(answer);
                }
            }
        }
        Ok(answers)
    }

    fn sizes(&mut self, defs: &[IndexDef]) -> Result<Vec<Option<u64>>, ScratchError> {
        if self.home.reach() != Reach::Costs {
            return Ok(vec![None; defs.len()]);
        }
        let new: Vec<IndexDef> = defs.iter().filter(|def| self.indexes.number(def).is_none()).cloned().collect();
        self.add_candidates(&new)?;
        let size = |def: &IndexDef| {
            let files = self.indexes.oids(self.indexes.number(def)?).iter().filter_map(|oid| self.pages.get(oid));
            Some(files.sum::<u64>() * PAGE as u64).filter(|bytes| *bytes > 0)
        };
        Ok(defs.iter().map(size).collect())
    }

    fn script(&mut self, request: &PlanRequest<'_>, name: PeopleCall<'_>) -> Result<Option<String>, ScratchError> {
        // Elsewhere the tables are not empty, and plans are no probes.
        if self.home.reach() != Reach::Costs {
            return Ok(None);
        }
        let types = self.types.get(&request.query.sql).cloned().unwrap_or_default();
        let question = Question::new(request.query, types, self.literals(request.query)).script();
        let settings = self.settings();
        let Self { planner, relations, indexes, stats, facts, .. } = self;
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
