//! The advisor: which indexes a workload lacks, tried on a scratch engine before they are advised.
//!
//! A query gets candidates by policy; what an existing index serves, or a guard refuses, is never tried. The rest is
//! created on the engine, and kept if the plan changes as it should and the price falls enough. What all queries keep is
//! merged into one set, which is tried again as a whole. Then everything starts over with that set in place, until
//! nothing more is found: so a second run, with all advice applied, advises nothing.
//!
//! Only what always applies counts (no condition behind a run-time switch), and only queries of the application.

mod budget;
mod candidates;
mod curve;
mod evidence;
mod guards;
mod keys;
mod merge;
mod names;
mod narrow;
mod operators;
mod planner;
mod policy;
mod report;
mod select;
mod shorten;
mod stage;
#[cfg(test)]
mod tests;
mod trials;
mod unneeded;

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{IndexAdvice, Narrowed, QueryAdvice, Shortened, Trial, Unfit, Unneeded, Verdict};
use crate::catalog::Catalog;
use crate::config::{Limits, Selection};
use crate::dialect::Target;
use crate::engine::{Deadline, ScratchEngine, ScratchError};
use crate::name::QName;
use crate::query::DatabaseId;
use crate::stats::StatsModel;
use crate::workload::WorkloadQuery;

use candidates::Proposal;
pub use curve::curve;
pub use names::Names;
use planner::{Planner, Priced};
use report::Findings;
use select::Wishes;
use stage::Stage;
use trials::{Case, Kept};

/// What advice is made from.
#[derive(Clone, Copy, Debug)]
pub struct AdviseContext<'a> {
    /// The database.
    pub database: DatabaseId,
    /// Its schema, as the engine has loaded it.
    pub catalog: &'a Catalog,
    /// Its statistics, as the engine has loaded them.
    pub stats: &'a StatsModel,
    /// What production runs.
    pub target: Target,
    /// Numbers that decide when to speak.
    pub limits: &'a Limits,
    /// What the set as a whole is chosen by.
    pub selection: &'a Selection,
}

/// What the advisor found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advised {
    /// By query, in the order of the workload.
    pub queries: Vec<QueryAdvice>,
    /// The set, in order of number.
    pub advice: Vec<IndexAdvice>,
    /// Existing indexes of which only a part is read, with the set in place.
    pub narrowed: Vec<Narrowed>,
    /// Existing indexes without which no query is worse off, neither as the schema is nor with the set in place.
    pub unneeded: Vec<Unneeded>,
    /// Existing indexes whose last keys no query needs.
    pub shortened: Vec<Shortened>,
}

/// How often the search starts over with what it has found in place.
const ROUNDS: usize = 5;

/// Queries that are tried together: at most as many as the embedded engine keeps databases open.
const WAVE: usize = 1024;

/// Advises indexes for a workload.
///
/// `engine` has the catalogue and statistics of `cx` loaded. A query without a plan is judged by its shape alone.
///
/// # Errors
/// When the engine cannot be used at all; a query it refuses is not an error.
pub fn advise(
    cx: &AdviseContext<'_>,
    engine: &mut dyn ScratchEngine,
    workload: &[WorkloadQuery],
    until: Deadline,
) -> Result<Advised, ScratchError> {
    let facts = engine.facts().clone();
    let mut stage = Stage::new(cx, &facts, workload);
    let mut planner = Planner::new(engine, workload, until);
    planner.remember(&stage);
    let chosen = match cx.selection.is_limited() {
        true => by_cost(cx, &mut stage, &mut planner, workload)?,
        false => by_gain(&mut stage, &mut planner, workload, until)?,
    };
    let Chosen { tried, wishes, before, quiet } = chosen;
    let findings = Findings { cx, facts: &facts, workload, wishes: &wishes, before: &before };
    let narrowed = narrow::find(&findings, &mut stage, &mut planner)?;
    let unneeded = unneeded::find(&findings, &stage, &mut planner)?;
    let shortened = shorten::find(&findings, &mut stage, &mut planner, &unneeded)?;
    let mut advised = report::write(&findings, &stage, &mut planner, tried)?;
    quiet.into_iter().for_each(|at| advised.queries[at].advice.clear());
    Ok(Advised { narrowed, unneeded, shortened, ..advised })
}

/// What was chosen, and what is to be told of it; the set stands on the stage.
struct Chosen {
    /// By query.
    tried: Vec<Tried>,
    wishes: Wishes,
    /// By query, its plan before anything was advised.
    before: BTreeMap<usize, Priced>,
    /// Queries that the set helps a little: they are served by it, and nobody need know that they lack an index.
    quiet: Vec<usize>,
}

/// Chooses an index wherever one is proven to help a query, and the smallest set that serves them all.
fn by_gain(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    until: Deadline,
) -> Result<Chosen, ScratchError> {
    let mut search = Search {
        workload,
        tried: vec![Tried::default(); workload.len()],
        wishes: Wishes::default(),
        before: BTreeMap::new(),
    };
    // Once time is over, a query without a plan is one that nobody asked for.
    if !until.is_over() {
        search.judge_unplanned(stage, planner)?;
    }
    let mut changed: Option<BTreeSet<QName>> = None;
    for _ in 0..ROUNDS {
        let found = search.round(stage, planner, changed.as_ref())?;
        // What only a shape speaks for waits for the first set: a query that can be planned shall prove its own index.
        let waits = changed.is_none() && !search.wishes.unproven.is_empty();
        if !found && !waits {
            break;
        }
        let before = stage.clone_set();
        select::consolidate(stage, planner, workload, &search.wishes)?;
        changed = Some(stage.changed_since(&before));
    }
    let Search { tried, wishes, before, .. } = search;
    Ok(Chosen { tried, wishes, before, quiet: Vec::new() })
}

/// Chooses the set under which the workload costs least, within what it may take.
fn by_cost(
    cx: &AdviseContext<'_>,
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
) -> Result<Chosen, ScratchError> {
    budget::spend(stage, planner, workload, cx.selection)?;
    let budget::Served { wishes, before, quiet } = budget::served(stage, planner, workload)?;
    Ok(Chosen { tried: vec![Tried::default(); workload.len()], wishes, before, quiet })
}

/// What was tried for one query, and what there was nothing to try for.
#[derive(Clone, Debug, Default)]
struct Tried {
    trials: Vec<Trial>,
    unfit: Vec<Unfit>,
}

/// What is known after some rounds.
struct Search<'a> {
    workload: &'a [WorkloadQuery],
    /// By query.
    tried: Vec<Tried>,
    wishes: Wishes,
    /// By query, its plan before anything was advised.
    before: BTreeMap<usize, Priced>,
}

impl Search<'_> {
    fn judge_unplanned(&mut self, stage: &mut Stage<'_>, planner: &mut Planner<'_>) -> Result<(), ScratchError> {
        let unplanned =
            self.workload.iter().enumerate().filter(|(_, query)| query.advisable && query.planned().is_none());
        let proposals: Vec<(usize, Proposal)> =
            unplanned.map(|(at, query)| (at, candidates::propose_unplanned(stage, query))).collect();
        let all = proposals.iter().flat_map(|(_, proposal)| &proposal.candidates);
        let defs: Vec<_> = all.map(|candidate| candidate.def.clone()).collect();
        let mut numbers = planner.number(stage, &defs)?.into_iter();
        for (at, proposal) in proposals {
            self.tried[at] = Tried { trials: proposal.refused, unfit: proposal.unfit };
            for (candidate, number) in proposal.candidates.into_iter().zip(numbers.by_ref()) {
                let verdict = match &number {
                    Ok(_) => Verdict::Kept,
                    Err(refusal) => Verdict::Refused(refusal.0.clone()),
                };
                self.tried[at].trials.push(Trial {
                    def: candidate.def.clone(),
                    reference: candidate.reference,
                    verdict,
                });
                if let Ok(id) = number {
                    self.wishes.unproven.entry(at).or_default().push(Kept { candidate, id });
                }
            }
        }
        Ok(())
    }

    /// Tries what every planned query still lacks; says whether anything was kept.
    ///
    /// A query on tables none of which has `changed` would get the answers it had.
    fn round(
        &mut self,
        stage: &mut Stage<'_>,
        planner: &mut Planner<'_>,
        changed: Option<&BTreeSet<QName>>,
    ) -> Result<bool, ScratchError> {
        let mut proposals = Vec::new();
        for (at, query) in self.workload.iter().enumerate() {
            let is_new = |changed: &BTreeSet<QName>| query.engine.references.iter().any(|one| changed.contains(one));
            if !query.advisable || query.planned().is_none() || !changed.is_none_or(is_new) {
                continue;
            }
            let mut proposal = candidates::propose(stage, query);
            self.note(at, std::mem::take(&mut proposal.refused));
            self.tried[at].unfit = std::mem::take(&mut proposal.unfit);
            if !proposal.candidates.is_empty() {
                proposals.push((at, proposal));
            }
        }
        let mut found = false;
        for wave in self.waves(proposals) {
            found |= self.try_wave(stage, planner, wave)?;
        }
        Ok(found)
    }

    /// Queries that are tried together, those on the same tables in one wave: each of its rounds then finds the databases
    /// of the one before still open.
    fn waves(&self, mut proposals: Vec<(usize, Proposal)>) -> Vec<Vec<(usize, Proposal)>> {
        proposals.sort_by_cached_key(|(at, _)| {
            let mut tables = self.workload[*at].engine.references.clone();
            tables.sort();
            (tables, *at)
        });
        let mut waves = Vec::new();
        while !proposals.is_empty() {
            let rest = proposals.split_off(proposals.len().min(WAVE));
            proposals.sort_by_key(|(at, _)| *at);
            waves.push(std::mem::replace(&mut proposals, rest));
        }
        waves
    }

    /// Tries one wave; says whether anything was kept.
    fn try_wave(
        &mut self,
        stage: &mut Stage<'_>,
        planner: &mut Planner<'_>,
        wave: Vec<(usize, Proposal)>,
    ) -> Result<bool, ScratchError> {
        let asks: Vec<_> = wave.iter().map(|(at, _)| (*at, Vec::new())).collect();
        let before = planner.plan(stage, &asks)?;
        let cases = wave.into_iter().zip(before);
        let mut cases: Vec<Case> = cases
            .filter_map(|((at, proposal), before)| Some(Case::new(at, before?, proposal, &self.workload[at].shape)))
            .collect();
        trials::run(stage, planner, self.workload, &mut cases)?;
        let mut found = false;
        for case in cases {
            self.note(case.at, case.trials());
            let kept = case.kept();
            if !kept.is_empty() {
                found = true;
                self.wishes.proven.entry(case.at).or_default().extend(kept);
                let original = planner.original(case.at).unwrap_or(case.before);
                self.before.entry(case.at).or_insert(original);
            }
        }
        Ok(found)
    }

    /// Keeps the first verdict on each candidate, and the last one that keeps it.
    fn note(&mut self, at: usize, trials: Vec<Trial>) {
        for trial in trials {
            let same = |known: &&mut Trial| known.def == trial.def && known.reference == trial.reference;
            match self.tried[at].trials.iter_mut().find(same) {
                Some(known) if trial.verdict == Verdict::Kept => known.verdict = Verdict::Kept,
                Some(_) => {}
                None => self.tried[at].trials.push(trial),
            }
        }
    }
}
