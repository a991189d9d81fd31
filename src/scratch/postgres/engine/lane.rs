//! A lane: one database with the schema, and the two sessions that plan in it.
//!
//! Several lanes of a server plan at once. Each has every index and all statistics for itself, so that what one shows its
//! planner is nothing to the others; what a query is answered does not depend on the lane.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::slow::Slow;
use super::{Answer, below, lost, refusal};
use crate::advice::create_ddl;
use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::dialect::Dialect;
use crate::engine::{Bound, Deadline, EngineQuery, PlanRequest, Refusal, ScratchError};
use crate::explain::postgres as explain;
use crate::name::Ident;
use crate::plan::Plan;
use crate::scratch::postgres::ask::{self, Question};
use crate::scratch::postgres::indexes::Indexes;
use crate::scratch::postgres::offered::Reach;
use crate::scratch::postgres::relations::{RelationKind, Relations};
use crate::scratch::postgres::rounds::{self, Round};
use crate::scratch::postgres::schema::Applied;
use crate::scratch::postgres::server::Home;
use crate::scratch::postgres::session::{Row, Session, SqlError};
use crate::scratch::postgres::statistics::{self, Inflation, bounds};
use crate::stats::{ColumnStats, StatsModel};

/// Questions that are on their way before the deadline is looked at again.
const AT_ONCE: usize = 256;

/// How many sessions of the planner may be given up: each costs the time of a statement that takes too long, and what it
/// left behind may run on.
const SESSIONS: u32 = 3;

/// The least that the limit of a statement's time is halved to: what any ordinary query is planned in many times over.
const LEAST_TIME: Duration = Duration::from_millis(250);

/// What the lanes of a server share.
pub(super) struct Ground {
    pub(super) home: Home,
    pub(super) stats: StatsModel,
    /// How many sessions of the planner were given up.
    given_up: AtomicU32,
    slow: Mutex<Slow>,
}

/// A database and its sessions.
pub(super) struct Lane {
    pub(super) admin: Session,
    pub(super) planner: Session,
    database: String,
    /// The database's number, under which its files are.
    number: u32,
    pub(super) relations: Relations,
    pub(super) indexes: Indexes,
    /// The files that are longer than what is in them, by table.
    inflated: BTreeMap<u32, Inflation>,
    /// By index, the pages that its file is made of.
    pub(super) pages: BTreeMap<u32, u64>,
    /// What the planner sees beside the schema: candidates that are shown, indexes that are hidden.
    shown: BTreeSet<IndexId>,
    hidden: BTreeSet<IndexId>,
    /// By text, the types that a query's parameters had to be given.
    types: HashMap<String, BTreeMap<u16, String>>,
    /// How long a statement may take, once one has taken too long.
    limit: Option<Duration>,
}

impl Ground {
    pub(super) fn new(home: Home) -> Self {
        Self { home, stats: StatsModel::default(), given_up: AtomicU32::new(0), slow: Mutex::default() }
    }

    /// What makes a planner's session plan as production's: its settings, or a probe where costs mean nothing.
    pub(super) fn settings(&self) -> Vec<String> {
        match self.home.reach() {
            Reach::Costs => self.stats.origin.iter().flat_map(ask::as_in).collect(),
            Reach::Structure | Reach::Tables => vec![ask::PROBE.to_owned()],
        }
    }

    fn slow(&self) -> MutexGuard<'_, Slow> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether a session more of the planner's may be given up, and counts it.
    fn may_give_up(&self) -> bool {
        self.given_up.fetch_add(1, Ordering::Relaxed) < SESSIONS
    }
}

impl Lane {
    /// Opens the sessions of a database.
    pub(super) fn open(home: &Home, database: String) -> Result<Self, ScratchError> {
        let (mut admin, planner) = (home.admin(&database)?, home.planner(&database)?);
        let number = "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
        let number = admin.rows(number).map_err(lost)?.concat().into_iter().flatten().find_map(|oid| oid.parse().ok());
        Ok(Self {
            admin,
            planner,
            database,
            number: number.ok_or_else(|| ScratchError::Engine("the database has no number".to_owned()))?,
            relations: Relations::default(),
            indexes: Indexes::default(),
            inflated: BTreeMap::new(),
            pages: BTreeMap::new(),
            shown: BTreeSet::new(),
            hidden: BTreeSet::new(),
            types: HashMap::new(),
            limit: None,
        })
    }

    /// Takes the schema that the database holds, and tells it the figures.
    pub(super) fn load(&mut self, cx: &Ground, catalog: &Catalog, applied: &Applied) -> Result<(), ScratchError> {
        self.relations = applied.relations.within(self.number);
        self.indexes = Indexes::of(catalog, &applied.indexes, &self.relations);
        self.inflate(cx, None)?;
        self.planner.run(ask::SETTINGS).map_err(lost)?;
        self.steer(cx)
    }

    fn steer(&mut self, cx: &Ground) -> Result<(), ScratchError> {
        let answers = self.planner.pipeline(&cx.settings());
        answers.into_iter().filter_map(Result::err).find(SqlError::is_lost).map_or(Ok(()), |error| Err(lost(error)))
    }

    /// Tells the server the figures of some relations, or of all, and makes their files as large.
    fn inflate(&mut self, cx: &Ground, only: Option<&[u32]>) -> Result<(), ScratchError> {
        if cx.home.reach() != Reach::Costs {
            return Ok(());
        }
        let defs = self.indexes.defs();
        let files = statistics::inject(&mut self.admin, &self.relations, &defs, &cx.stats, only).map_err(lost)?;
        cx.home.write(&mut self.admin, &files)?;
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

    /// Creates candidates under their numbers on heaps without rows, and hides them.
    pub(super) fn create(
        &mut self,
        cx: &Ground,
        new: &[(IndexId, &IndexDef)],
    ) -> Result<Vec<Result<(), Refusal>>, ScratchError> {
        let tables = below(&self.relations, new.iter().map(|(_, def)| &def.table));
        let files: Vec<&Inflation> = tables.iter().filter_map(|table| self.inflated.get(table)).collect();
        cx.home.empty(&mut self.admin, &files)?;
        self.end_view(cx)?;
        let name = |id: &IndexId| Ident::new(explain::candidate_name(*id));
        let statements: Vec<String> =
            new.iter().map(|(id, def)| create_ddl(Dialect::Postgres, &name(id), def)).collect();
        let created = self.planner.pipeline(&statements);
        let before: BTreeSet<u32> = self.relations.by_oid.keys().copied().collect();
        self.relations = Relations::read(&mut self.admin).map_err(lost)?;
        let mut answers = Vec::with_capacity(new.len());
        let mut made = Vec::new();
        for ((id, def), created) in new.iter().zip(created) {
            answers.push(match created {
                Err(error) if error.is_lost() => return Err(lost(error)),
                Err(error) => Err(refusal(&error)),
                Ok(_) => {
                    let (table, name) = (self.relations.table(&def.table), name(id));
                    let mut there = table.into_iter().flat_map(|table| self.relations.indexes_of(table.oid));
                    let oid = there.find(|(one, _)| one.name.name == name).map(|(one, _)| one.oid);
                    let oid = oid.ok_or_else(|| Refusal("the index is not there after it was created".to_owned()));
                    oid.map(|oid| {
                        self.indexes.add(*id, def, oid, &self.relations);
                        made.push(*id);
                    })
                }
            });
        }
        let created: Vec<u32> =
            self.relations.indexes().map(|(one, _)| one.oid).filter(|oid| !before.contains(oid)).collect();
        self.inflate(cx, Some(&[tables, created].concat()))?;
        self.set_valid(cx, &[], &made)?;
        Ok(answers)
    }

    /// Commits which indexes the planner may use.
    fn set_valid(&mut self, cx: &Ground, show: &[IndexId], hide: &[IndexId]) -> Result<(), ScratchError> {
        if !cx.home.may_hide() {
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
    fn turn_to(&mut self, cx: &Ground, round: &Round) -> Result<(), ScratchError> {
        if !cx.home.may_hide() {
            return self.view(cx, round);
        }
        let on = |id: &&IndexId| self.indexes.table_of(**id).is_some_and(|table| round.views.contains_key(table));
        let shown: BTreeSet<IndexId> = round.views.values().flat_map(|view| view.shown.iter().copied()).collect();
        let hidden: BTreeSet<IndexId> = round.views.values().flat_map(|view| view.hidden.iter().copied()).collect();
        let was_shown: BTreeSet<IndexId> = self.shown.iter().filter(on).copied().collect();
        let was_hidden: BTreeSet<IndexId> = self.hidden.iter().filter(on).copied().collect();
        let show: Vec<IndexId> = shown.difference(&was_shown).chain(was_hidden.difference(&hidden)).copied().collect();
        let hide: Vec<IndexId> = hidden.difference(&was_hidden).chain(was_shown.difference(&shown)).copied().collect();
        self.set_valid(cx, &show, &hide)?;
        self.shown = self.shown.difference(&was_shown).chain(&shown).copied().collect();
        self.hidden = self.hidden.difference(&was_hidden).chain(&hidden).copied().collect();
        Ok(())
    }

    /// Plans requests, each with its place in the batch; those that are not answered came after the deadline.
    pub(super) fn plan(
        &mut self,
        cx: &Ground,
        asked: &[(usize, PlanRequest<'_>)],
        until: Deadline,
    ) -> Result<Vec<(usize, Answer)>, ScratchError> {
        let queries: HashMap<usize, &EngineQuery> = asked.iter().map(|(at, request)| (*at, request.query)).collect();
        let mut answers = Vec::with_capacity(asked.len());
        for round in rounds::rounds(asked, &|id| self.indexes.table_of(id)) {
            for some in round.requests.chunks(AT_ONCE) {
                if until.is_over() {
                    return Ok(answers);
                }
                self.turn_to(cx, &round)?;
                let queries: Vec<&EngineQuery> = some.iter().map(|at| queries[at]).collect();
                answers.extend(some.iter().copied().zip(self.ask(cx, &queries)?.into_iter().map(Some)));
            }
        }
        Ok(answers)
    }

    /// Asks some queries; those that the server does not understand for want of types are asked again.
    fn ask(&mut self, cx: &Ground, queries: &[&EngineQuery]) -> Result<Vec<Result<Plan, Refusal>>, ScratchError> {
        let mut answers: Vec<Option<Result<Plan, Refusal>>> = queries.iter().map(|_| None).collect();
        let mut open: Vec<(usize, Question<'_>)> =
            queries.iter().map(|query| self.question(cx, query)).enumerate().collect();
        while !open.is_empty() {
            let statements: Vec<String> = open.iter().map(|(_, question)| question.sql()).collect();
            let mut again = Vec::new();
            for ((at, mut question), answer) in open.into_iter().zip(self.answers(cx, &statements)?) {
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

    /// Puts statements to the planner; one that comes to no end costs itself and a session, and is not put again.
    fn answers(&mut self, cx: &Ground, statements: &[String]) -> Result<Vec<Result<Vec<Row>, SqlError>>, ScratchError> {
        let mut answers: BTreeMap<usize, Result<Vec<Row>, SqlError>> = BTreeMap::new();
        while answers.len() < statements.len() {
            let left: Vec<usize> = (0..statements.len()).filter(|at| !answers.contains_key(at)).collect();
            let (asked, known): (Vec<usize>, Vec<usize>) =
                left.into_iter().partition(|at| cx.slow().why(&statements[*at]).is_none());
            let refused = |at: usize| cx.slow().why(&statements[at]).map(|why| (at, Err(SqlError::canceled(why))));
            answers.extend(known.into_iter().filter_map(refused));
            let put = self.put(cx, &asked.iter().map(|at| &statements[*at]).collect::<Vec<_>>());
            for (at, answer) in asked.into_iter().zip(put) {
                let answer = match answer {
                    Err(error) if error.is_out_of_time() => {
                        cx.slow().note(&statements[at], &error);
                        self.begin_again(cx, &error)?;
                        Err(error.of_statement())
                    }
                    answer => answer,
                };
                answers.insert(at, answer);
            }
        }
        Ok(answers.into_values().collect())
    }

    /// Goes on in a new session after a statement came to no end; the next one has half the time.
    fn begin_again(&mut self, cx: &Ground, error: &SqlError) -> Result<(), ScratchError> {
        if !cx.home.may_hide() {
            // What was dropped to hide it stays dropped, and locked, until the session has ended.
            return if error.is_late() { Err(lost(error.clone())) } else { Ok(()) };
        }
        if error.is_late() && !cx.may_give_up() {
            return Err(lost(error.clone()));
        }
        // It would go on with all that it was sent.
        let others = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity \
                      WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()";
        self.admin.run(others).map_err(lost)?;
        self.planner = cx.home.planner(&self.database)?;
        self.planner.run(ask::SETTINGS).map_err(lost)?;
        self.steer(cx)?;
        self.limit = Some(self.limit.unwrap_or(cx.home.statement_timeout()).div_f64(2.0).max(LEAST_TIME));
        let limit = self.limit.unwrap_or_default().as_millis();
        self.planner.run(&format!("SET statement_timeout = {limit}; SET lock_timeout = {limit}")).map_err(lost)
    }

    /// A query as it is asked, with the types that were found before.
    pub(super) fn question<'q>(&self, cx: &Ground, query: &'q EngineQuery) -> Question<'q> {
        let types = self.types(query).cloned().unwrap_or_default();
        Question::new(query, types, self.literals(cx, query))
    }

    /// The types that a query's parameters had to be given here.
    pub(super) fn types(&self, query: &EngineQuery) -> Option<&BTreeMap<u16, String>> {
        self.types.get(&query.sql)
    }

    /// What stands in the place of bounds, as SQL: what is written there where the column's values are known, else a
    /// value that lies where the bound is taken to.
    fn literals(&self, cx: &Ground, query: &EngineQuery) -> BTreeMap<u16, String> {
        let literal = |bound: &Bound| {
            let name = query.references.get(usize::from(bound.reference.0))?;
            let table = self.relations.table(name)?;
            let attribute = table.attributes.iter().find(|attribute| attribute.name == bound.column)?;
            let stats = cx.stats.table(name)?;
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

/// The value of a column below which a part of the others lie.
fn value_at(base: u32, column: &ColumnStats, rows: f64, part: f64) -> Option<String> {
    let Some(histogram) = column.values.as_ref().map(|values| &values.histogram).filter(|bounds| !bounds.is_empty())
    else {
        return bounds::at(base, column, rows, part);
    };
    let last = histogram.len() - 1;
    histogram.get((part * last as f64).round() as usize).cloned()
}
