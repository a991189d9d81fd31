//! Existing indexes whose last keys no query needs: what the queries ask says so, and each query that used the index
//! uses the shorter one and costs no more.

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Shortened, Unneeded};
use crate::catalog::{Index, IndexDef, IndexId, Method};
use crate::coverage::{self, Need};
use crate::engine::{IndexSet, ScratchError};
use crate::name::Ident;

use super::evidence;
use super::names::Names;
use super::planner::{Planner, Priced};
use super::policy;
use super::report::Findings;
use super::stage::Stage;
use super::unneeded::{Read, is_free, loses_reference, need, tables};

/// An index, the shorter one, and the queries that use the index.
struct Shorter<'a> {
    index: &'a Index,
    def: IndexDef,
    users: Vec<usize>,
}

/// Finds the indexes that are longer than any query needs, by table; not those that are `unneeded` as a whole.
pub(super) fn find(
    findings: &Findings<'_>,
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    unneeded: &[Unneeded],
) -> Result<Vec<Shortened>, ScratchError> {
    let gone: BTreeSet<IndexId> = unneeded.iter().map(|one| one.index).collect();
    let mut shorter: Vec<Shorter<'_>> = Vec::new();
    let read = tables(findings);
    for read in read.iter().filter(|read| !stage.is_small(&read.table.name)) {
        shorter.extend(read.table.usable_indexes().filter_map(|index| shorten(findings, read, index, &gone, stage)));
    }
    prove(findings, stage, planner, shorter)
}

/// The shortest index that does for each query what this one does.
fn shorten<'a>(
    findings: &Findings<'_>,
    read: &Read<'a>,
    index: &'a Index,
    gone: &BTreeSet<IndexId>,
    stage: &Stage<'_>,
) -> Option<Shorter<'a>> {
    let is_plain = index.def.method == Method::Btree && index.def.include.is_empty() && index.def.predicate.is_none();
    if !is_plain || !is_free(stage, index) || gone.contains(&index.id) {
        return None;
    }
    let uses = |at: &usize| findings.workload[*at].planned().is_some_and(|plan| evidence::uses(plan, index.id));
    let users: Vec<usize> = read.readers.iter().copied().filter(uses).collect();
    if !users.iter().any(|at| findings.workload[*at].advisable) {
        return None;
    }
    let stays = |other: &&Index| other.id != index.id && !gone.contains(&other.id);
    let others: Vec<&IndexDef> = read.table.usable_indexes().filter(stays).map(|other| &other.def).collect();
    let does = |def: &IndexDef| {
        let left: Vec<&IndexDef> = std::iter::once(def).chain(others.iter().copied()).collect();
        !loses_reference(&index.def, &left, read, stage)
            && read.readers.iter().all(|at| {
                let query = &findings.workload[*at];
                let own = query.shape.patterns.iter().filter(|pattern| pattern.table == read.table.name);
                own.into_iter().all(|one| need(query, one, &index.def, &left, (read.table, stage)) != Need::Own)
            })
    };
    let heads = (1..index.def.keys.len()).map(|keys| {
        let keys = index.def.keys[..keys].to_vec();
        IndexDef { keys, ..index.def.clone() }
    });
    let def = heads.into_iter().find(does)?;
    // Where the shorter one is there already, the longer one is not what it is shortened to.
    let is_there = |other: &&IndexDef| coverage::does_all(other, &def, stage.target());
    (!others.iter().any(is_there)).then_some(Shorter { index, def, users })
}

/// Plans what uses each index with the shorter one in its place.
fn prove(
    findings: &Findings<'_>,
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    shorter: Vec<Shorter<'_>>,
) -> Result<Vec<Shortened>, ScratchError> {
    let defs: Vec<IndexDef> = shorter.iter().map(|one| one.def.clone()).collect();
    let numbers = planner.number(stage, &defs)?;
    let numbered: Vec<(Shorter<'_>, IndexId)> =
        shorter.into_iter().zip(numbers).filter_map(|(one, number)| Some((one, number.ok()?))).collect();
    let keys = |(one, id): &(Shorter<'_>, IndexId)| -> Vec<(usize, IndexSet)> {
        let set = IndexSet { shown: [*id].into(), hidden: [one.index.id].into() };
        one.users.iter().map(|at| (*at, set.clone())).collect()
    };
    let keys: Vec<(usize, IndexSet)> = numbered.iter().flat_map(keys).collect();
    let mut answers = planner.plan_under(stage, &keys)?.into_iter();
    let mut found = Vec::new();
    for (one, id) in numbered {
        let answers: Vec<Option<Priced>> = answers.by_ref().take(one.users.len()).collect();
        let before: Vec<Option<Priced>> = one.users.iter().map(|at| planner.original(*at)).collect();
        let does = |(before, after): (&Option<Priced>, &Option<Priced>)| match (before, after) {
            (Some(before), Some(after)) => {
                evidence::uses(&after.plan, id) && after.price <= before.price * policy::SAME
            }
            _ => false,
        };
        if !before.iter().zip(&answers).all(does) {
            continue;
        }
        let of_application = |at: &&usize| findings.workload[**at].advisable;
        let shown = one.users.iter().position(|at| of_application(&at));
        let name = Names::of(findings.cx.catalog).give(&one.def);
        let proof = shown.and_then(|shown| {
            let (before, after) = (before[shown].as_ref()?, answers[shown].as_ref()?);
            let names = BTreeMap::<IndexId, Ident>::from([(id, name)]);
            Some(findings.proof(one.users[shown], before, after, &names))
        });
        found.push(Shortened {
            index: one.index.id,
            queries: one.users.iter().filter(of_application).map(|at| findings.workload[*at].id).collect(),
            def: one.def,
            proof,
        });
    }
    Ok(found)
}
