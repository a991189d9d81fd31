//! Full indexes of the schema of which only a part is read: whatever uses one asks for a state of its rows, too
//! (`deleted_at IS NULL`, `NOT archived`), and an index over those rows alone would do as well.
//!
//! No name tells a state: it is a constant that most queries of a table ask of a time that may be missing, or of a
//! boolean. Plans prove the rest: where the full index is gone, each query that used it uses the partial one and costs
//! no more. A query that does not ask for the state and uses the full index keeps it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::advice::Narrowed;
use crate::catalog::{ForeignKey, Index, IndexDef, IndexId, Method, Table, TableKind};
use crate::coverage;
use crate::dialect::Dialect;
use crate::engine::ScratchError;
use crate::expr::{Expr, Literal};
use crate::name::{Ident, QName};
use crate::query::{AccessPattern, Predicate, PredicateOp, StatementKind, Value};
use crate::stats::{ColumnRole, ColumnStats, StatsSource};
use crate::workload::WorkloadQuery;

use super::evidence;
use super::names::Names;
use super::planner::{Planner, Priced};
use super::policy;
use super::report::Findings;
use super::stage::Stage;

/// A condition that fewer queries ask is no habit.
const FEWEST: usize = 2;

/// Finds the indexes for which a partial one would do, by table.
pub(super) fn find(
    findings: &Findings<'_>,
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
) -> Result<Vec<Narrowed>, ScratchError> {
    let mut found = Vec::new();
    if stage.dialect() == Dialect::Mysql {
        return Ok(found);
    }
    let mut asking: BTreeMap<&QName, BTreeSet<usize>> = BTreeMap::new();
    for (at, query) in findings.workload.iter().enumerate() {
        for reference in query.shape.references.iter().filter(|one| one.written != Some(StatementKind::Insert)) {
            asking.entry(&reference.table).or_default().insert(at);
        }
    }
    for (name, queries) in asking {
        let Some(table) = findings.cx.catalog.table(name).filter(|table| table.kind != TableKind::Foreign) else {
            continue;
        };
        if stage.is_small(name) {
            continue;
        }
        let states = states(findings, table, &queries);
        let indexes: Vec<&Index> = table.usable_indexes().filter(|index| may_be_partial(stage, table, index)).collect();
        if !states.is_empty() && !indexes.is_empty() {
            let asked = Asked { findings, table, queries: &queries };
            asked.narrow(&states, &indexes, stage, planner, &mut found)?;
        }
    }
    Ok(found)
}

/// A condition that most queries of a table ask.
struct State<'a> {
    predicate: &'a Predicate,
    /// How many ask it, of how many.
    asking: (usize, usize),
}

/// The conditions that most of the application's queries of a table ask, the most usual one first.
fn states<'a>(findings: &Findings<'a>, table: &Table, queries: &BTreeSet<usize>) -> Vec<State<'a>> {
    let mut counts: BTreeMap<&Expr, (usize, &'a Predicate)> = BTreeMap::new();
    let mut all = 0;
    for query in queries.iter().map(|at| &findings.workload[*at]).filter(|query| query.advisable) {
        all += 1;
        let asked = query.shape.patterns.iter().filter(|pattern| pattern.table == table.name);
        let asked = asked.flat_map(|pattern| &pattern.predicates).filter(|one| is_state(findings, table, one));
        let once: BTreeMap<&Expr, &Predicate> = asked.map(|predicate| (&predicate.condition, predicate)).collect();
        for (condition, predicate) in once {
            counts.entry(condition).or_insert((0, predicate)).0 += 1;
        }
    }
    let habits = counts.into_values().filter(|(count, _)| *count >= FEWEST && count * 2 > all);
    let mut states: Vec<State<'a>> =
        habits.map(|(count, predicate)| State { predicate, asking: (count, all) }).collect();
    states.sort_by_key(|state| Reverse(state.asking.0));
    states
}

/// Says whether a condition tells in what state a row is: a time is there or not, a boolean is one of both.
fn is_state(findings: &Findings<'_>, table: &Table, predicate: &Predicate) -> bool {
    let Some(column) = predicate.key.as_column() else { return false };
    let role = findings.cx.stats.column(&table.name, column).map(|stats| stats.role);
    let is_constant = !predicate.condition.has_param() && !predicate.condition.has_outer() && !predicate.optional;
    let is_state = match predicate.op {
        PredicateOp::Null | PredicateOp::NotNull => {
            role == Some(ColumnRole::Time) && table.column(column).is_some_and(|column| !column.not_null)
        }
        PredicateOp::Eq => role == Some(ColumnRole::Boolean) && matches!(predicate.value, Value::Literals(_)),
        _ => false,
    };
    is_constant && is_state
}

/// Says whether an index may hold fewer rows: no constraint and no foreign key needs all of them.
fn may_be_partial(stage: &Stage<'_>, table: &Table, index: &Index) -> bool {
    let is_plain = index.def.method == Method::Btree && index.def.predicate.is_none();
    let is_free = index.backs.is_none() && index.name.is_some() && !stage.replaced().contains(&index.id);
    let finds = |def: &IndexDef, key: &ForeignKey| {
        let pattern = AccessPattern::by_columns(table.name.clone(), &key.columns);
        usize::from(coverage::covers(def, &pattern, stage.target()).equality)
    };
    let is_needed = |key: &ForeignKey| {
        let own = finds(&index.def, key);
        let others =
            table.usable_indexes().filter(|other| other.id != index.id && !stage.replaced().contains(&other.id));
        own > 0 && !others.into_iter().any(|other| finds(&other.def, key) >= own)
    };
    is_plain && is_free && !table.foreign_keys.iter().any(is_needed)
}

/// A table and the queries that ask it.
struct Asked<'a> {
    findings: &'a Findings<'a>,
    table: &'a Table,
    queries: &'a BTreeSet<usize>,
}

impl Asked<'_> {
    fn narrow(
        &self,
        states: &[State<'_>],
        indexes: &[&Index],
        stage: &mut Stage<'_>,
        planner: &mut Planner<'_>,
        found: &mut Vec<Narrowed>,
    ) -> Result<(), ScratchError> {
        let workload = self.findings.workload;
        let (planned, unplanned): (Vec<usize>, Vec<usize>) =
            self.queries.iter().partition(|at| workload[**at].planned().is_some());
        let asks: Vec<_> = planned.iter().map(|at| (*at, Vec::new())).collect();
        let plans: Vec<(usize, Option<Priced>)> = planned.into_iter().zip(planner.plan(stage, &asks)?).collect();
        for index in indexes {
            // What nobody has planned may need all of it.
            let needs = |at: &usize| self.may_use(&workload[*at], index, stage);
            // A plan that is not known may use it, too.
            if unplanned.iter().any(needs) || plans.iter().any(|(at, plan)| plan.is_none() && needs(at)) {
                continue;
            }
            let uses = |(at, plan): &(usize, Option<Priced>)| {
                let plan = plan.as_ref().filter(|plan| evidence::uses(&plan.plan, index.id))?;
                Some((*at, plan.clone()))
            };
            let users: Vec<(usize, Priced)> = plans.iter().filter_map(uses).collect();
            if !users.iter().any(|(at, _)| workload[*at].advisable) {
                continue;
            }
            for state in states.iter().filter(|state| self.all_ask(&users, index, state)) {
                if let Some(narrowed) = self.tried(index, state, &users, stage, planner)? {
                    found.push(narrowed);
                    break;
                }
            }
        }
        Ok(())
    }

    fn may_use(&self, query: &WorkloadQuery, index: &Index, stage: &Stage<'_>) -> bool {
        let own = query.shape.patterns.iter().filter(|pattern| pattern.table == self.table.name);
        own.into_iter().any(|pattern| coverage::covers(&index.def, pattern, stage.target()).serves())
    }

    /// Says whether every query that uses an index asks for a state, which is no key of it.
    fn all_ask(&self, users: &[(usize, Priced)], index: &Index, state: &State<'_>) -> bool {
        let is_key = index.def.keys.iter().any(|key| !key.expr.columns().is_disjoint(&state.predicate.key.columns()));
        let asks = |at: usize| {
            let patterns = self.findings.workload[at].shape.patterns.iter();
            let own = patterns.filter(|pattern| pattern.table == self.table.name);
            own.flat_map(|pattern| &pattern.predicates).any(|one| one.condition == state.predicate.condition)
        };
        !is_key && users.iter().all(|(at, _)| asks(*at))
    }

    /// Tries the partial index in place of the full one.
    fn tried(
        &self,
        index: &Index,
        state: &State<'_>,
        users: &[(usize, Priced)],
        stage: &mut Stage<'_>,
        planner: &mut Planner<'_>,
    ) -> Result<Option<Narrowed>, ScratchError> {
        let def = IndexDef { predicate: Some(state.predicate.condition.clone()), ..index.def.clone() };
        let Some(Ok(id)) = planner.number(stage, std::slice::from_ref(&def))?.pop() else { return Ok(None) };
        let (advised, replaced) = (stage.advised().clone(), stage.replaced().clone());
        let mut without = replaced.clone();
        without.insert(index.id);
        stage.advise(advised.clone(), without);
        let asks: Vec<_> = users.iter().map(|(at, _)| (*at, vec![id])).collect();
        let plans = planner.plan(stage, &asks);
        stage.advise(advised, replaced);
        let plans: Option<Vec<Priced>> = plans?.into_iter().collect();
        let does = |(_, before): &(usize, Priced), after: &Priced| {
            evidence::uses(&after.plan, id) && after.price <= before.price * policy::SAME
        };
        let Some(plans) = plans.filter(|plans| users.iter().zip(plans).all(|(user, after)| does(user, after))) else {
            return Ok(None);
        };
        let mut of_application = users.iter().zip(&plans);
        let shown = of_application.find(|((at, _), _)| self.findings.workload[*at].advisable);
        let proof = shown.map(|((at, before), after)| {
            let name = Names::of(self.findings.cx.catalog).give(&def);
            self.findings.proof(*at, before, after, &BTreeMap::<IndexId, Ident>::from([(id, name)]))
        });
        let advisable = users.iter().map(|(at, _)| &self.findings.workload[*at]).filter(|query| query.advisable);
        Ok(Some(Narrowed {
            index: index.id,
            queries: advisable.map(|query| query.id).collect(),
            asking: state.asking,
            left_out: self.left_out(state.predicate),
            def,
            proof,
        }))
    }

    /// The fraction of the rows that are in another state, where somebody told it.
    fn left_out(&self, predicate: &Predicate) -> Option<f64> {
        let stats = self.findings.cx.stats.column(&self.table.name, predicate.key.as_column()?)?;
        if stats.source == StatsSource::Assumed {
            return None;
        }
        match predicate.op {
            PredicateOp::Null => Some(1.0 - stats.null_fraction),
            PredicateOp::NotNull => Some(stats.null_fraction),
            _ => boolean(&predicate.value).and_then(|value| held(stats, value)).map(|held| 1.0 - held),
        }
    }
}

/// The boolean that a column is compared with, however its dialect spells it.
fn boolean(value: &Value) -> Option<bool> {
    let Value::Literals(literals) = value else { return None };
    match literals.as_slice() {
        [Literal::Boolean(value)] => Some(*value),
        [Literal::Number(number)] => Some(number != "0"),
        _ => None,
    }
}

/// The fraction of rows that hold a boolean, where production's values are known.
fn held(stats: &ColumnStats, value: bool) -> Option<f64> {
    let spelled: &[&str] = if value { &["t", "true", "1"] } else { &["f", "false", "0"] };
    let common = &stats.values.as_ref()?.common;
    common.iter().find(|(known, _)| spelled.contains(&known.as_str())).map(|(_, fraction)| *fraction)
}
