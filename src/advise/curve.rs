//! In which order the indexes of a set are best made, and what each then gains.
//!
//! Forward over the final set: next is always the index that takes away most of the workload's cost for each of its
//! bytes, given those before it. Gains rarely grow as the set does, so that an old figure is a bound on the new one and
//! only the best of them is looked at again (Leskovec et al., "Cost-effective Outbreak Detection in Networks", KDD 2007,
//! the lazy evaluation CELF). A planner takes the cheapest plan: one that is made with many indexes and uses few of them
//! is the plan for every set between the few and the many, and nobody asks for it again.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Action, Curve, IndexAdvice, Point};
use crate::catalog::{Index, IndexDef, IndexId};
use crate::engine::{Deadline, EngineFacts, IndexSet, ScratchEngine, ScratchError, Tier};
use crate::workload::WorkloadQuery;

use super::AdviseContext;
use super::planner::{Planner, Priced};
use super::stage::Stage;

/// Prices that differ by less are rounding.
const SAME: f64 = 1e-6;

/// Orders those of `advice` that make an index by what they gain for each byte, those of a lower `rank` first; where the
/// engine tells no sizes, by what they gain.
///
/// `engine` has the catalogue and statistics of `cx` loaded. What no plan speaks for comes last, that which serves most
/// senders first.
///
/// # Errors
/// When the engine cannot be used at all.
pub fn curve(
    cx: &AdviseContext<'_>,
    engine: &mut dyn ScratchEngine,
    workload: &[WorkloadQuery],
    advice: &[IndexAdvice],
    rank: &dyn Fn(&IndexAdvice) -> u8,
    until: Deadline,
) -> Result<Curve, ScratchError> {
    let facts = engine.facts().clone();
    let mut stage = Stage::new(cx, &facts, workload);
    let mut planner = Planner::new(engine, workload, until);
    planner.remember(&stage);
    let counted: Vec<usize> =
        (0..workload.len()).filter(|at| workload[*at].advisable && workload[*at].planned().is_some()).collect();
    let cost = |at: &usize| planner.original(*at).map_or(0.0, |one| one.price * workload[*at].weight);
    let before = counted.iter().map(cost).sum();
    let changes = changes(cx, &mut stage, &mut planner, workload, advice, rank)?;
    let mut walk = Walk { stage, planner, changes, queries: BTreeMap::new(), chosen: BTreeSet::new(), before };
    walk.follow(workload, &counted)?;
    Ok(Curve { queries: counted.len(), before, proven: proven(&facts), points: walk.points()? })
}

/// Says whether an engine's costs are the target's own.
fn proven(facts: &EngineFacts) -> bool {
    facts.native && facts.tier_ceiling < Tier::Structure
}

/// An index that is to be made.
struct Change<'a> {
    advice: &'a IndexAdvice,
    rank: u8,
    /// Its number on the engine, unless that refuses it.
    id: Option<IndexId>,
    replaced: Vec<IndexId>,
    /// Senders of the queries that it serves.
    senders: usize,
    /// The followed queries that may use it, by place in the workload.
    queries: BTreeSet<usize>,
    /// What it gains with what was chosen when it was last looked at.
    gain: f64,
    /// Whether something has been chosen since that the same queries may use.
    is_stale: bool,
}

fn changes<'a>(
    cx: &AdviseContext<'_>,
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    advice: &'a [IndexAdvice],
    rank: &dyn Fn(&IndexAdvice) -> u8,
) -> Result<Vec<Change<'a>>, ScratchError> {
    let made: Vec<&IndexAdvice> = advice.iter().filter(|one| one.action != Action::Drop).collect();
    let defs: Vec<_> = made.iter().map(|one| one.def.clone()).collect();
    let numbers = planner.number(stage, &defs)?;
    let change = |(advice, number): (&'a IndexAdvice, Result<IndexId, _>)| {
        let indexes = cx.catalog.table(&advice.def.table).map_or(&[][..], |table| &table.indexes);
        let is_replaced = |index: &&Index| advice.replaces.iter().any(|one| Some(&one.name) == index.name.as_ref());
        Change {
            rank: rank(advice),
            id: number.ok(),
            replaced: indexes.iter().filter(is_replaced).map(|index| index.id).collect(),
            senders: advice.serves.iter().map(|query| workload[query.0 as usize].senders.len()).sum(),
            queries: BTreeSet::new(),
            gain: 0.0,
            is_stale: false,
            advice,
        }
    };
    Ok(made.into_iter().zip(numbers).map(change).collect())
}

/// Says whether a query asks for what an index leads with.
fn may_use(query: &WorkloadQuery, def: &IndexDef) -> bool {
    let Some(first) = def.keys.first() else { return false };
    let own = query.shape.patterns.iter().filter(|pattern| pattern.table == def.table);
    own.into_iter().any(|pattern| {
        let either = pattern.disjunctions.iter().flat_map(|any| any.branches.iter().flatten());
        let mut tested = pattern.predicates.iter().chain(either).map(|predicate| &predicate.key);
        tested.any(|key| *key == first.expr)
            || pattern.joins.iter().any(|join| join.key == first.expr)
            || pattern.order.iter().any(|order| order.key == first.expr)
            || pattern.group.contains(&first.expr)
    })
}

/// A query whose cost the set changes.
struct Followed {
    weight: f64,
    /// The changes that it may use.
    changes: BTreeSet<usize>,
    /// What it costs with what is chosen.
    cost: f64,
    answers: Vec<Answer>,
}

/// What the planner said of a query.
struct Answer {
    set: IndexSet,
    /// Those of the set that its plan uses.
    used: BTreeSet<IndexId>,
    cost: f64,
}

impl Followed {
    /// What it costs under a set, where one of the answers tells.
    fn known(&self, set: &IndexSet) -> Option<f64> {
        let tells = |one: &&Answer| {
            one.set.hidden == set.hidden && set.shown.is_subset(&one.set.shown) && one.used.is_subset(&set.shown)
        };
        self.answers.iter().find(tells).map(|one| one.cost)
    }

    fn learn(&mut self, set: IndexSet, answer: &Priced) {
        let used = answer.plan.root.indexes().into_iter().filter(|id| set.shown.contains(id)).collect();
        self.answers.push(Answer { used, cost: answer.price, set });
    }
}

/// The way from the schema as it is to the whole set.
struct Walk<'a, 'e> {
    stage: Stage<'e>,
    planner: Planner<'e>,
    changes: Vec<Change<'a>>,
    /// By place in the workload.
    queries: BTreeMap<usize, Followed>,
    /// Places of changes.
    chosen: BTreeSet<usize>,
    /// What all counted queries cost with the schema as it is.
    before: f64,
}

impl Walk<'_, '_> {
    /// Finds the queries that cost another price with the whole set: the others cost the same with every part of it.
    fn follow(&mut self, workload: &[WorkloadQuery], counted: &[usize]) -> Result<(), ScratchError> {
        let touches =
            |at: &&usize, change: &Change<'_>| workload[**at].engine.references.contains(&change.advice.def.table);
        let all: BTreeSet<usize> = (0..self.changes.len()).collect();
        let on_tables = |at: &usize| -> BTreeSet<usize> {
            all.iter().copied().filter(|change| touches(&at, &self.changes[*change])).collect()
        };
        let asked: Vec<(usize, BTreeSet<usize>)> = counted.iter().map(|at| (*at, on_tables(at))).collect();
        let asked: Vec<_> = asked.into_iter().filter(|(_, changes)| !changes.is_empty()).collect();
        let keys: Vec<_> = asked.iter().map(|(at, changes)| (*at, self.set(changes.iter()))).collect();
        let answers = self.planner.plan_under(&self.stage, &keys)?;
        for ((at, mut changes), after) in asked.into_iter().zip(answers) {
            let Some((before, after)) = self.planner.original(at).zip(after) else { continue };
            if (after.price - before.price).abs() <= SAME * before.price {
                continue;
            }
            let used = after.plan.root.indexes();
            changes.retain(|change| {
                let change = &self.changes[*change];
                change.id.is_some_and(|id| used.contains(&id)) || may_use(&workload[at], &change.advice.def)
            });
            for change in &changes {
                self.changes[*change].queries.insert(at);
            }
            let set = self.set(changes.iter());
            let mut query = Followed { weight: workload[at].weight, changes, cost: before.price, answers: Vec::new() };
            query.learn(IndexSet::default(), &before);
            query.learn(set, &after);
            self.queries.insert(at, query);
        }
        Ok(())
    }

    /// The indexes of some changes, and those that they replace.
    fn set<'c>(&self, changes: impl Iterator<Item = &'c usize>) -> IndexSet {
        let mut set = IndexSet::default();
        for (change, id) in changes.map(|at| &self.changes[*at]).filter_map(|one| Some((one, one.id?))) {
            set.shown.insert(id);
            set.hidden.extend(&change.replaced);
        }
        set
    }

    /// Chooses one change after the other.
    fn points(&mut self) -> Result<Vec<Point>, ScratchError> {
        let mut left: BTreeSet<usize> = (0..self.changes.len()).collect();
        self.look(&left)?;
        let mut points = Vec::new();
        while let Some(best) = left.iter().copied().min_by(|a, b| self.compare(*a, *b)) {
            if self.changes[best].is_stale {
                self.look(&BTreeSet::from([best]))?;
                continue;
            }
            left.remove(&best);
            self.choose(best, &left);
            points.push(Point { advice: self.changes[best].advice.id, gain: self.changes[best].gain });
        }
        Ok(points)
    }

    /// Which of two changes comes first.
    fn compare(&self, a: usize, b: usize) -> Ordering {
        let (a, b) = (&self.changes[a], &self.changes[b]);
        a.rank
            .cmp(&b.rank)
            .then_with(|| self.worth(b).total_cmp(&self.worth(a)))
            .then_with(|| b.senders.cmp(&a.senders))
            .then_with(|| a.advice.id.cmp(&b.advice.id))
    }

    /// What a change gains for each byte; an index of unknown size is taken to be as large as the largest one.
    fn worth(&self, change: &Change<'_>) -> f64 {
        let largest = self.changes.iter().filter_map(|one| one.advice.size).max();
        let gain = if change.gain.abs() > SAME * self.before { change.gain } else { 0.0 };
        gain / change.advice.size.or(largest).unwrap_or(1) as f64
    }

    /// Sees anew what some changes gain beside what is chosen, all with one question to the engine.
    fn look(&mut self, at: &BTreeSet<usize>) -> Result<(), ScratchError> {
        let sets = at.iter().flat_map(|change| self.sets_with(*change));
        let unknown: Vec<_> = sets.filter(|(query, set)| self.queries[query].known(set).is_none()).collect();
        for ((query, set), answer) in unknown.iter().zip(self.planner.plan_under(&self.stage, &unknown)?) {
            if let Some((query, answer)) = self.queries.get_mut(query).zip(answer) {
                query.learn(set.clone(), &answer);
            }
        }
        for change in at {
            let gain = |(query, cost): (usize, f64)| (self.queries[&query].cost - cost) * self.queries[&query].weight;
            self.changes[*change].gain = self.costs_with(*change).into_iter().map(gain).sum();
            self.changes[*change].is_stale = false;
        }
        Ok(())
    }

    /// The queries that may use a change, each with the set that it would have with that change beside what is chosen.
    fn sets_with(&self, change: usize) -> impl Iterator<Item = (usize, IndexSet)> {
        self.changes[change].queries.iter().map(move |at| {
            let chosen =
                self.queries[at].changes.iter().filter(move |one| **one == change || self.chosen.contains(one));
            (*at, self.set(chosen))
        })
    }

    /// What those queries cost; as much as now where nobody can tell.
    fn costs_with(&self, change: usize) -> Vec<(usize, f64)> {
        let cost = |(at, set): (usize, IndexSet)| {
            let query = &self.queries[&at];
            (at, query.known(&set).unwrap_or(query.cost))
        };
        self.sets_with(change).map(cost).collect()
    }

    fn choose(&mut self, change: usize, left: &BTreeSet<usize>) {
        for (at, cost) in self.costs_with(change) {
            if let Some(query) = self.queries.get_mut(&at) {
                query.cost = cost;
            }
        }
        self.chosen.insert(change);
        let touched = std::mem::take(&mut self.changes[change].queries);
        for other in left {
            let other = &mut self.changes[*other];
            other.is_stale |= !other.queries.is_disjoint(&touched);
        }
    }
}
