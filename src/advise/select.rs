//! One set of indexes for the whole workload, out of what the queries keep one by one.
//!
//! Merged by their keys first, then by the engine's answers: an index goes if every query that uses it is served nearly
//! as well without it, or if no plan uses it; a query that lost what it needs gets its own candidates back.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{IndexDef, IndexId, IndexKey, Method};
use crate::coverage;
use crate::engine::ScratchError;
use crate::name::QName;
use crate::workload::WorkloadQuery;

use super::evidence;
use super::merge::{self, Wanted};
use super::planner::{Planner, Priced};
use super::policy;
use super::stage::Stage;
use super::trials::Kept;

/// How often the set is mended after it was checked.
const ROUNDS: usize = 4;

/// What the queries of a workload want, by their place in it.
#[derive(Default)]
pub(super) struct Wishes {
    /// Wishes of queries that the engine plans.
    pub(super) proven: BTreeMap<usize, Vec<Kept>>,
    /// Wishes of queries that it does not: nothing can be tried on them, so nothing of theirs is dropped.
    pub(super) unproven: BTreeMap<usize, Vec<Kept>>,
}

/// The set while it is worked on.
struct Set {
    /// Definitions and numbers, and the indexes of the schema that each replaces.
    indexes: BTreeMap<IndexDef, (IndexId, Vec<IndexId>)>,
    /// Definitions that nothing can be tried on.
    fixed: BTreeSet<IndexDef>,
}

impl Set {
    fn apply(&self, stage: &mut Stage<'_>) {
        let advised = self.indexes.values().map(|(id, _)| *id).collect();
        let replaced = self.indexes.values().flat_map(|(_, replaced)| replaced).copied().collect();
        stage.advise(advised, replaced);
    }

    /// The definitions on a table.
    fn on(&self, table: &QName) -> impl Iterator<Item = (&IndexDef, &(IndexId, Vec<IndexId>))> {
        let first = IndexDef {
            table: table.clone(),
            keys: Vec::new(),
            include: Vec::new(),
            predicate: None,
            unique: false,
            method: Method::Btree,
        };
        self.indexes.range(first..).take_while(move |(def, _)| def.table == *table)
    }

    /// What nobody but this definition replaces.
    fn replaced_by(&self, def: &IndexDef) -> Vec<IndexId> {
        let others = || self.on(&def.table).filter(|(other, _)| *other != def).flat_map(|(_, (_, replaced))| replaced);
        self.indexes[def].1.iter().filter(|id| others().all(|other| other != *id)).copied().collect()
    }
}

/// Leaves `stage` with the best set advised.
pub(super) fn consolidate(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    wishes: &Wishes,
) -> Result<(), ScratchError> {
    stage.advise(BTreeSet::new(), BTreeSet::new());
    let own = own_plans(stage, planner, wishes)?;
    let mut set = merged(stage, planner, workload, wishes)?;
    for _ in 0..ROUNDS {
        set.apply(stage);
        drop_needless(stage, planner, workload, &own, &mut set)?;
        drop_unused(stage, planner, &own, &mut set)?;
        if !give_back(stage, planner, workload, wishes, &own, &mut set)? {
            break;
        }
    }
    set.apply(stage);
    drop_unused(stage, planner, &own, &mut set)
}

/// How a query would run with what it keeps for itself, and what it costs without.
struct Own {
    plan: Priced,
    before: f64,
}

fn own_plans(
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    wishes: &Wishes,
) -> Result<BTreeMap<usize, Own>, ScratchError> {
    let ids = |kept: &[Kept]| {
        let ids: BTreeSet<IndexId> = kept.iter().map(|one| one.id).collect();
        ids.into_iter().collect::<Vec<_>>()
    };
    let asks: Vec<_> = wishes.proven.iter().map(|(at, kept)| (*at, ids(kept))).collect();
    let with = planner.plan(stage, &asks)?;
    let asks: Vec<_> = wishes.proven.keys().map(|at| (*at, Vec::new())).collect();
    let without = planner.plan(stage, &asks)?;
    let own = wishes
        .proven
        .keys()
        .zip(with.into_iter().zip(without))
        .filter_map(|(at, (with, without))| Some((*at, Own { plan: with?, before: without?.price })));
    Ok(own.collect())
}

fn merged(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    wishes: &Wishes,
) -> Result<Set, ScratchError> {
    let mut tables: BTreeMap<_, Vec<Wanted>> = BTreeMap::new();
    for (at, kept) in wishes.proven.iter().chain(&wishes.unproven) {
        for Kept { candidate, .. } in kept {
            let wanted = Wanted {
                def: candidate.def.clone(),
                equalities: candidate.equalities,
                sites: workload[*at].senders.len().max(1),
            };
            tables.entry(candidate.def.table.clone()).or_default().push(wanted);
        }
    }
    let target = *stage.target();
    let merged: Vec<_> = tables
        .into_iter()
        .filter_map(|(table, wanted)| Some(merge::merge(stage.catalog().tables.get(&table)?, wanted, &target)))
        .flatten()
        .collect();
    let defs: Vec<IndexDef> = merged.iter().map(|one| one.wanted.def.clone()).collect();
    let numbers = planner.number(stage, &defs)?;
    let indexes = merged
        .into_iter()
        .zip(numbers)
        .filter_map(|(one, number)| Some((one.wanted.def, (number.ok()?, one.replaces))));
    let mut set = Set { indexes: indexes.collect(), fixed: BTreeSet::new() };
    for kept in wishes.unproven.values().flatten() {
        let takes = |def: &&IndexDef| starts_with_any_order(def, &kept.candidate.def.keys);
        let taken = set.on(&kept.candidate.def.table).map(|(def, _)| def).find(takes).cloned();
        set.fixed.extend(taken);
    }
    Ok(set)
}

fn starts_with_any_order(def: &IndexDef, keys: &[IndexKey]) -> bool {
    def.keys.len() >= keys.len() && def.keys[..keys.len()].iter().all(|key| keys.contains(key))
}

/// Drops, a table at a time, the index of fewest users that every user can do without.
fn drop_needless(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    own: &BTreeMap<usize, Own>,
    set: &mut Set,
) -> Result<(), ScratchError> {
    loop {
        let plans = full_plans(stage, planner, own)?;
        let doubtful: Vec<IndexDef> =
            set.indexes.keys().filter(|def| !set.fixed.contains(*def) && has_substitute(stage, def)).cloned().collect();
        let mut users: BTreeMap<IndexId, Vec<usize>> = BTreeMap::new();
        for (at, priced) in &plans {
            for id in BTreeSet::from_iter(priced.plan.root.indexes()) {
                users.entry(id).or_default().push(*at);
            }
        }
        let mut needless: BTreeMap<_, (usize, IndexDef)> = BTreeMap::new();
        for def in doubtful {
            let users = users.remove(&set.indexes[&def].0).unwrap_or_default();
            if !is_needless(stage, planner, workload, own, &users, (&def, set))? {
                continue;
            }
            let sites = users.iter().map(|at| workload[*at].senders.len().max(1)).sum();
            let least = needless.entry(def.table.clone()).or_insert((sites, def.clone()));
            if sites < least.0 {
                *least = (sites, def);
            }
        }
        if needless.is_empty() {
            return Ok(());
        }
        for (_, def) in needless.into_values() {
            set.indexes.remove(&def);
        }
        set.apply(stage);
    }
}

/// Another index of the table leads with a key of this one, so that it might do instead.
fn has_substitute(stage: &Stage<'_>, def: &IndexDef) -> bool {
    let Some(table) = stage.catalog().tables.get(&def.table) else { return false };
    table
        .usable_indexes()
        .filter(|index| index.def != *def && !index.def.keys.is_empty())
        .any(|index| def.keys.iter().any(|key| key.expr == index.def.keys[0].expr))
}

fn is_needless(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    own: &BTreeMap<usize, Own>,
    users: &[usize],
    (def, set): (&IndexDef, &Set),
) -> Result<bool, ScratchError> {
    let (id, replaced) = (set.indexes[def].0, set.replaced_by(def));
    stage.retract(&def.table, id, &replaced);
    let asks: Vec<_> = users.iter().map(|at| (*at, Vec::new())).collect();
    let answers = planner.plan(stage, &asks);
    let all_serve = answers.map(|answers| {
        users
            .iter()
            .zip(answers)
            .all(|(at, answer)| answer.is_some_and(|without| still_serves(stage, &workload[*at], &without, &own[at])))
    });
    stage.reinstate(&def.table, id, &replaced);
    all_serve
}

fn still_serves(stage: &Stage<'_>, query: &WorkloadQuery, now: &Priced, own: &Own) -> bool {
    policy::serves(now.price, own.plan.price, own.before, stage.limits())
        && evidence::faults(&now.plan, query, stage) <= evidence::faults(&own.plan.plan, query, stage)
}

fn full_plans(
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    own: &BTreeMap<usize, Own>,
) -> Result<BTreeMap<usize, Priced>, ScratchError> {
    let asks: Vec<_> = own.keys().map(|at| (*at, Vec::new())).collect();
    let answers = planner.plan(stage, &asks)?;
    Ok(own.keys().copied().zip(answers).filter_map(|(at, answer)| Some((at, answer?))).collect())
}

fn drop_unused(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    own: &BTreeMap<usize, Own>,
    set: &mut Set,
) -> Result<(), ScratchError> {
    let plans = full_plans(stage, planner, own)?;
    let used: BTreeSet<IndexId> = plans.values().flat_map(|priced| priced.plan.root.indexes()).collect();
    let Set { indexes, fixed } = set;
    indexes.retain(|def, (id, _)| used.contains(id) || fixed.contains(def));
    set.apply(stage);
    Ok(())
}

/// Gives queries that lost what they need their own indexes back; says whether there were any.
fn give_back(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    wishes: &Wishes,
    own: &BTreeMap<usize, Own>,
    set: &mut Set,
) -> Result<bool, ScratchError> {
    let plans = full_plans(stage, planner, own)?;
    let mut given = false;
    for (at, own) in own {
        let lost = plans.get(at).is_none_or(|now| !still_serves(stage, &workload[*at], now, own));
        for Kept { candidate, id } in wishes.proven[at].iter().filter(|_| lost) {
            given |= put_back(stage, &candidate.def, *id, set);
        }
    }
    set.apply(stage);
    Ok(given)
}

/// Adds an index unless one of the set does all that it does; what it makes superfluous goes.
fn put_back(stage: &Stage<'_>, def: &IndexDef, id: IndexId, set: &mut Set) -> bool {
    let target = stage.target();
    let covers = |wide: &IndexDef, narrow: &IndexDef| coverage::does_all(wide, narrow, target);
    if set.on(&def.table).any(|(wide, _)| covers(wide, def)) {
        return false;
    }
    let narrower: Vec<IndexDef> =
        set.on(&def.table).map(|(one, _)| one).filter(|one| covers(def, one)).cloned().collect();
    narrower.iter().for_each(|one| drop(set.indexes.remove(one)));
    set.indexes.insert(def.clone(), (id, Vec::new()));
    true
}
