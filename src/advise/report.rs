//! Writes what was found: numbered and named advice, and for each query the evidence with the names people will see.

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Action, AdviceId, IndexAdvice, Proof, ProofKind, QueryAdvice, Trial, Verdict};
use crate::catalog::{Catalog, IndexDef, IndexId};
use crate::engine::{EngineFacts, Fidelity, ScratchError, Tier};
use crate::name::{Ident, QName};
use crate::plan::{self, Access, PlanOp};
use crate::query::RefId;
use crate::workload::{PlanLabels, WorkloadQuery};

use super::candidates::Candidate;
use super::names::Names;
use super::planner::{Planner, Priced};
use super::select::Wishes;
use super::stage::Stage;
use super::trials::Kept;
use super::{AdviseContext, Advised, Tried};

/// Everything a report is written from.
pub(super) struct Findings<'a> {
    pub(super) cx: &'a AdviseContext<'a>,
    pub(super) facts: &'a EngineFacts,
    pub(super) workload: &'a [WorkloadQuery],
    pub(super) wishes: &'a Wishes,
    /// By query, its plan before anything was advised.
    pub(super) before: &'a BTreeMap<usize, Priced>,
}

/// Writes the report; `tried` is by query.
pub(super) fn write(
    findings: &Findings<'_>,
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    tried: Vec<Tried>,
) -> Result<Advised, ScratchError> {
    let (mut advice, numbers) = findings.number(stage);
    let names: BTreeMap<IndexId, Ident> =
        numbers.iter().map(|(id, number)| (*id, advice[number.0 as usize].name.clone())).collect();
    let told = |tried: Tried| QueryAdvice {
        tried: tried.trials.into_iter().map(|trial| findings.told(trial, stage)).collect(),
        unfit: tried.unfit,
        ..QueryAdvice::default()
    };
    let mut queries: Vec<QueryAdvice> = tried.into_iter().map(told).collect();
    let mut gains: BTreeMap<usize, f64> = BTreeMap::new();
    let places: Vec<usize> = findings.wishes.proven.keys().copied().collect();
    let asks: Vec<_> = places.iter().map(|at| (*at, Vec::new())).collect();
    for (at, after) in places.into_iter().zip(planner.plan(stage, &asks)?) {
        let Some(after) = after else { continue };
        let query = &mut queries[at];
        keep(query, &findings.wishes.proven[&at]);
        query.advice = used(&after, &numbers, &query.served);
        if let Some(before) = findings.before.get(&at) {
            gains.insert(at, before.price - after.price);
            query.proof = Some(findings.proof(at, before, &after, &names));
        }
    }
    for (at, kept) in &findings.wishes.unproven {
        let query = &mut queries[*at];
        query.advice = kept.iter().filter_map(|one| serving(&one.candidate, &advice)).collect();
        keep(query, kept);
        query.proof = Some(findings.shape_proof(*at));
    }
    findings.credit(&queries, &gains, &mut advice);
    Ok(Advised { queries, advice, ..Advised::default() })
}

fn keep(query: &mut QueryAdvice, kept: &[Kept]) {
    for Kept { candidate, .. } in kept {
        if !query.kept.contains(&candidate.def) {
            query.kept.push(candidate.def.clone());
        }
        query.served.push((candidate.reference, candidate.def.clone()));
    }
}

/// The references that a plan reads by advised indexes: of those that the query wanted one for, else of all.
fn used(after: &Priced, numbers: &BTreeMap<IndexId, AdviceId>, wanted: &[(RefId, IndexDef)]) -> Vec<(RefId, AdviceId)> {
    let mut found = BTreeSet::new();
    after.plan.root.walk(&mut |step| {
        if let PlanOp::Scan { reference, access: Access::Seek { index, .. } | Access::FullIndex { index, .. }, .. } =
            &step.op
            && let Some(number) = numbers.get(index)
        {
            found.insert((*reference, *number));
        }
    });
    let is_wanted = |(used, _): &(RefId, AdviceId)| wanted.iter().any(|(reference, _)| reference == used);
    if found.iter().any(is_wanted) {
        found.retain(is_wanted);
    }
    found.into_iter().collect()
}

/// The advice that took over a candidate which no plan shows.
fn serving(candidate: &Candidate, advice: &[IndexAdvice]) -> Option<(RefId, AdviceId)> {
    let keys = &candidate.def.keys;
    let takes = |one: &&IndexAdvice| {
        one.def.predicate == candidate.def.predicate
            && one.def.keys.len() >= keys.len()
            && one.def.keys[..keys.len()].iter().all(|key| keys.contains(key))
    };
    // The advice stands in order of definition, so by table.
    let first = advice.partition_point(|one| one.def.table < candidate.def.table);
    let here = advice[first..].iter().take_while(|one| one.def.table == candidate.def.table);
    here.filter(takes).map(|one| (candidate.reference, one.id)).next()
}

impl Findings<'_> {
    /// Numbers and names the set, in canonical order of definition.
    fn number(&self, stage: &Stage<'_>) -> (Vec<IndexAdvice>, BTreeMap<IndexId, AdviceId>) {
        let mut advised: Vec<_> =
            stage.catalog().indexes().filter(|index| stage.advised().contains(&index.id)).collect();
        advised.sort_by(|a, b| a.def.cmp(&b.def));
        let mut names = Names::of(self.cx.catalog);
        let mut numbers = BTreeMap::new();
        let mut advice = Vec::new();
        for (number, index) in (0_u32..).zip(advised) {
            let id = AdviceId(number);
            numbers.insert(index.id, id);
            let replaces = replaced(self.cx.catalog, stage, index);
            advice.push(IndexAdvice {
                id,
                action: if replaces.is_empty() { Action::Create } else { Action::Replace },
                database: self.cx.database,
                name: names.give(&index.def),
                def: index.def.clone(),
                replaces,
                covered_by: None,
                reason: None,
                serves: Vec::new(),
                proof: None,
                size: None,
                write_cost: None,
            });
        }
        (advice, numbers)
    }

    /// A trial as people may read it: an index that is only advised has no number outside of the advisor.
    fn told(&self, trial: Trial, stage: &Stage<'_>) -> Trial {
        let verdict = match trial.verdict {
            Verdict::CoveredBy(id) if self.cx.catalog.index(id).is_none() => {
                let table = stage.catalog().tables.get(&trial.def.table);
                match table.and_then(|table| table.index(id)) {
                    Some(advised) => Verdict::CoveredByAdvised(advised.def.clone()),
                    None => Verdict::CoveredBy(id),
                }
            }
            verdict => verdict,
        };
        Trial { verdict, ..trial }
    }

    pub(super) fn proof(&self, at: usize, before: &Priced, after: &Priced, names: &BTreeMap<IndexId, Ident>) -> Proof {
        let query = &self.workload[at];
        let names = PlanLabels { query, catalog: self.cx.catalog, advised: names };
        let exact = query.engine.fidelity == Fidelity::Exact;
        let kind = match (exact, self.facts.native && self.facts.tier_ceiling < Tier::Structure) {
            (true, true) => ProofKind::Cost,
            (true, false) => ProofKind::Plan,
            (false, _) => ProofKind::Shape,
        };
        let cost = |price: f64| (kind == ProofKind::Cost).then_some(price);
        Proof {
            kind,
            engine: self.facts.label(),
            tier: self.tier(query),
            cost_before: cost(before.price),
            cost_after: cost(after.price),
            plan_before: Some(plan::tree(&before.plan, &names)),
            plan_after: Some(plan::tree(&after.plan, &names)),
        }
    }

    fn shape_proof(&self, at: usize) -> Proof {
        let tier = self.tier(&self.workload[at]).max(Tier::Structure);
        Proof {
            kind: ProofKind::Shape,
            engine: self.facts.label(),
            tier,
            cost_before: None,
            cost_after: None,
            plan_before: None,
            plan_after: None,
        }
    }

    /// The weakest figures among the query's tables, and no better than the engine's.
    fn tier(&self, query: &WorkloadQuery) -> Tier {
        self.facts.tier(self.cx.stats, query.shape.references.iter().map(|reference| &reference.table))
    }

    /// Tells each piece of advice whom it serves, and gives it the evidence of the query that gains most.
    fn credit(&self, queries: &[QueryAdvice], gains: &BTreeMap<usize, f64>, advice: &mut [IndexAdvice]) {
        let mut best: BTreeMap<AdviceId, f64> = BTreeMap::new();
        for (at, query) in queries.iter().enumerate() {
            let gain = gains.get(&at).copied().unwrap_or(0.0);
            for (_, id) in &query.advice {
                let one = &mut advice[id.0 as usize];
                if one.serves.last() != Some(&self.workload[at].id) {
                    one.serves.push(self.workload[at].id);
                }
                if best.get(id).is_none_or(|best| gain > *best) {
                    best.insert(*id, gain);
                    one.proof.clone_from(&query.proof);
                }
            }
        }
        for one in advice {
            one.serves.sort();
            one.serves.dedup();
        }
    }
}

fn replaced(catalog: &Catalog, stage: &Stage<'_>, by: &crate::catalog::Index) -> Vec<QName> {
    let table = catalog.tables.get(&by.def.table);
    let gone = table.into_iter().flat_map(|table| &table.indexes).filter(|index| {
        stage.replaced().contains(&index.id) && crate::coverage::subsumes(&by.def, &index.def, stage.target()).is_ok()
    });
    gone.filter_map(|index| Some(QName { schema: index.def.table.schema.clone(), name: index.name.clone()? })).collect()
}
