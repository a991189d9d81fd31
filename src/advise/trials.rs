//! Trials: candidates are shown to the engine, and what it does with them decides.
//!
//! A query that has candidates on one reference tries them one by one. A join shows all of them, reads which are used,
//! leaves one out at a time and credits the set: alone, most indexes of a join gain nothing (`statistics.md`).
//! All queries go through the same round together, so that the engine can plan in parallel.

use std::collections::{BTreeMap, BTreeSet};

use crate::advice::{Guard, Outdone, Trial, Verdict};
use crate::catalog::{IndexDef, IndexId};
use crate::engine::{Refusal, ScratchError};
use crate::query::{QueryShape, RefId};
use crate::workload::WorkloadQuery;

use super::candidates::{Candidate, Proposal, Purpose, WIDTH};
use super::evidence;
use super::planner::{Ask, Planner, Priced};
use super::policy::{self, Standard};
use super::stage::Stage;

/// A query with candidates, and what is known of it so far.
pub(super) struct Case {
    /// Its place in the workload.
    pub(super) at: usize,
    pub(super) before: Priced,
    /// The references whose rows an index finds already.
    sought: BTreeSet<RefId>,
    pub(super) candidates: Vec<Candidate>,
    /// Their numbers on the engine.
    numbers: Vec<Result<IndexId, Refusal>>,
    verdicts: Vec<Verdict>,
    /// Positions of the candidates that are kept, and the plan with them.
    kept: Vec<usize>,
    pub(super) after: Option<Priced>,
}

/// What a query keeps.
pub(super) struct Kept {
    pub(super) candidate: Candidate,
    pub(super) id: IndexId,
}

impl Kept {
    /// What a plan uses of a set that was chosen as a whole.
    pub(super) fn bought(def: &IndexDef, reference: RefId, id: IndexId) -> Self {
        let candidate =
            Candidate { def: def.clone(), reference, purpose: Purpose::Filter, equalities: 0, extends: false };
        Self { candidate, id }
    }
}

impl Case {
    pub(super) fn new(at: usize, before: Priced, proposal: Proposal, shape: &QueryShape) -> Self {
        let sought = shape.patterns.iter().filter(|pattern| evidence::seeks(&before.plan, pattern));
        let sought = sought.map(|pattern| pattern.reference).collect();
        let verdicts = vec![Verdict::Unused; proposal.candidates.len()];
        Self {
            at,
            before,
            sought,
            candidates: proposal.candidates,
            numbers: Vec::new(),
            verdicts,
            kept: Vec::new(),
            after: None,
        }
    }

    /// The candidates that are kept.
    pub(super) fn kept(&self) -> Vec<Kept> {
        let kept = self.kept.iter().filter_map(|at| {
            Some(Kept { candidate: self.candidates[*at].clone(), id: *self.numbers[*at].as_ref().ok()? })
        });
        kept.collect()
    }

    /// What became of every candidate.
    pub(super) fn trials(&self) -> Vec<Trial> {
        let is_kept = |def: &IndexDef| self.kept.iter().any(|at| self.candidates[*at].def == *def);
        let told = |(candidate, verdict): (&Candidate, &Verdict)| {
            // The same index for two places of a query is made once.
            let elsewhere = *verdict != Verdict::Kept && is_kept(&candidate.def);
            Trial {
                def: candidate.def.clone(),
                reference: candidate.reference,
                verdict: if elsewhere { Verdict::KeptElsewhere } else { verdict.clone() },
            }
        };
        self.candidates.iter().zip(&self.verdicts).map(told).collect()
    }

    fn id(&self, at: usize) -> Option<IndexId> {
        self.numbers[at].as_ref().ok().copied()
    }

    fn ids(&self, units: &[usize]) -> Vec<IndexId> {
        let mut ids: Vec<IndexId> = units.iter().filter_map(|at| self.id(*at)).collect();
        ids.sort();
        ids.dedup();
        ids
    }

    /// Candidates that stand or fall together: the branches of an OR, any other alone.
    fn units(&self) -> Vec<Vec<usize>> {
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut branches: BTreeMap<(u16, u16), usize> = BTreeMap::new();
        for (at, candidate) in self.candidates.iter().enumerate() {
            match candidate.purpose {
                Purpose::Branch(number) => {
                    let unit = *branches.entry((candidate.reference.0, number)).or_insert_with(|| {
                        units.push(Vec::new());
                        units.len() - 1
                    });
                    units[unit].push(at);
                }
                _ => units.push(vec![at]),
            }
        }
        units.retain(|unit| unit.iter().all(|at| self.numbers[*at].is_ok()));
        units
    }

    /// Where the engine refuses the index of one branch of an OR, those of the others are not tried.
    fn break_branches(&mut self) {
        let of = |at: usize| (self.candidates[at].reference, self.candidates[at].purpose);
        let broken: Vec<_> = (0..self.numbers.len()).filter(|at| self.numbers[*at].is_err()).map(of).collect();
        for at in 0..self.candidates.len() {
            let branch = matches!(self.candidates[at].purpose, Purpose::Branch(_));
            if branch && self.numbers[at].is_ok() && broken.contains(&of(at)) {
                self.verdicts[at] = Verdict::Guard(Guard::Set);
            }
        }
    }

    fn is_joint(&self) -> bool {
        let first = self.candidates.first().map(|candidate| candidate.reference);
        self.candidates.iter().any(|one| one.purpose == Purpose::Join || Some(one.reference) != first)
    }

    fn used(&self, units: &[Vec<usize>], plan: &Priced) -> Vec<Vec<usize>> {
        let is_used = |at: &usize| self.id(*at).is_some_and(|id| evidence::uses(&plan.plan, id));
        units.iter().filter(|unit| unit.iter().all(is_used)).cloned().collect()
    }

    fn proven(&self, unit: &[usize], after: &Priced) -> bool {
        unit.iter().all(|at| {
            self.id(*at).is_some_and(|id| evidence::proves(&self.before.plan, &after.plan, &self.candidates[*at], id))
        })
    }

    fn standard(&self, unit: &[usize]) -> Standard {
        let candidates = || unit.iter().map(|at| &self.candidates[*at]);
        if candidates().any(|one| one.extends || self.sought.contains(&one.reference)) {
            Standard::Extending
        } else if candidates().all(Candidate::is_for_operator) {
            Standard::Guessed
        } else {
            Standard::Usual
        }
    }

    fn judge(&mut self, unit: &[usize], verdict: &Verdict) {
        unit.iter().for_each(|at| self.verdicts[*at] = verdict.clone());
    }

    /// What a candidate is that the plan does not prove.
    fn judge_unproven(&mut self, unit: &[usize], after: &Priced, unused: &Verdict) {
        let used = !self.used(std::slice::from_ref(&unit.to_vec()), after).is_empty();
        let read = unit.iter().any(|at| evidence::reads(&after.plan, self.candidates[*at].reference));
        self.judge(
            unit,
            match (used, read) {
                (true, _) => &Verdict::UsedOtherwise,
                (false, true) => unused,
                (false, false) => &Verdict::Unread,
            },
        );
    }

    fn defs(&self, unit: &[usize]) -> Vec<IndexDef> {
        unit.iter().map(|at| self.candidates[*at].def.clone()).collect()
    }

    fn width(&self, unit: &[usize]) -> usize {
        unit.iter().map(|at| self.candidates[*at].def.keys.len()).sum()
    }
}

/// Tries the candidates of all cases.
pub(super) fn run(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    cases: &mut [Case],
) -> Result<(), ScratchError> {
    // All at once: each time, the engine takes its database apart and puts it together again.
    let candidates = cases.iter().flat_map(|case| &case.candidates);
    let defs: Vec<IndexDef> = candidates.map(|candidate| candidate.def.clone()).collect();
    let mut numbers = planner.number(stage, &defs)?.into_iter();
    for case in &mut *cases {
        case.numbers = numbers.by_ref().take(case.candidates.len()).collect();
        for (verdict, number) in case.verdicts.iter_mut().zip(&case.numbers) {
            if let Err(refusal) = number {
                *verdict = Verdict::Refused(refusal.0.clone());
            }
        }
        case.break_branches();
    }
    let (mut joint, mut single): (Vec<_>, Vec<_>) = cases.iter_mut().partition(|case| case.is_joint());
    try_single(stage, planner, &mut single)?;
    try_joint(stage, planner, workload, &mut joint)
}

fn try_single(stage: &Stage<'_>, planner: &mut Planner<'_>, cases: &mut [&mut Case]) -> Result<(), ScratchError> {
    let units: Vec<Vec<Vec<usize>>> = cases.iter().map(|case| case.units()).collect();
    let asks: Vec<Ask> =
        cases.iter().zip(&units).flat_map(|(case, units)| units.iter().map(|unit| (case.at, case.ids(unit)))).collect();
    let mut answers = planner.plan(stage, &asks)?.into_iter();
    for (case, units) in cases.iter_mut().zip(units) {
        let answers: Vec<Option<Priced>> = answers.by_ref().take(units.len()).collect();
        choose(stage, case, &units, answers, &planner.no_answer());
    }
    Ok(())
}

/// Keeps the narrowest candidate that serves as well as the best one.
fn choose(
    stage: &Stage<'_>,
    case: &mut Case,
    units: &[Vec<usize>],
    answers: Vec<Option<Priced>>,
    unanswered: &Verdict,
) {
    let mut good: Vec<(&Vec<usize>, f64, Priced)> = Vec::new();
    for (unit, answer) in units.iter().zip(answers) {
        let Some(after) = answer else {
            case.judge(unit, unanswered);
            continue;
        };
        if !case.proven(unit, &after) {
            case.judge_unproven(unit, &after, &Verdict::Unused);
            continue;
        }
        let gain = policy::gain(case.before.price, after.price, case.standard(unit), stage.limits());
        case.judge(unit, &Verdict::SmallGain(gain));
        if gain.is_enough() {
            good.push((unit, after.price, after));
        }
    }
    let Some(best) = good.iter().map(|(_, price, _)| *price).min_by(f64::total_cmp) else { return };
    let serves = |price: f64| policy::serves(price, best, case.before.price, stage.limits());
    let serving = good.iter().filter(|(_, price, _)| serves(*price));
    let chosen =
        serving.min_by(|(a, one, _), (b, other, _)| case.width(a).cmp(&case.width(b)).then(one.total_cmp(other)));
    let Some((chosen, by_price, after)) = chosen.cloned() else { return };
    for (unit, price, _) in &good {
        let narrower = case.width(chosen) < case.width(unit) && by_price >= *price;
        let outdone = Outdone { by: case.defs(chosen), narrower, price: *price, by_price };
        case.judge(unit, &Verdict::Outdone(outdone));
    }
    case.judge(chosen, &Verdict::Kept);
    case.kept = chosen.clone();
    case.after = Some(after);
}

/// One join under trial: the units it still holds to.
struct Joint<'c> {
    case: &'c mut Case,
    units: Vec<Vec<usize>>,
    /// The plan with all of them.
    best: Priced,
}

/// How often a join's set is cut down and looked at again.
const ROUNDS: usize = 12;

fn try_joint(
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    cases: &mut [&mut Case],
) -> Result<(), ScratchError> {
    let asks: Vec<Ask> = cases.iter().map(|case| (case.at, case.ids(&case.units().concat()))).collect();
    let answers = planner.plan(stage, &asks)?;
    let mut joints: Vec<Joint<'_>> = Vec::new();
    for (case, answer) in cases.iter_mut().zip(answers) {
        let all = case.units();
        let Some(best) = answer else {
            let unanswered = planner.no_answer();
            all.iter().for_each(|unit| case.judge(unit, &unanswered));
            continue;
        };
        all.iter().for_each(|unit| case.judge_unproven(unit, &best, &Verdict::UnusedBeside));
        let units = case.used(&all, &best);
        joints.push(Joint { case, units, best });
    }
    for _ in 0..ROUNDS {
        joints.retain(|joint| !joint.units.is_empty());
        settle(stage, planner, &mut joints)?;
        if !leave_out(stage, planner, workload, &mut joints)? {
            break;
        }
    }
    shorten(stage, planner, workload, &mut joints)?;
    for joint in joints {
        let query = &workload[joint.case.at];
        joint.conclude(query, stage);
    }
    Ok(())
}

/// Plans with exactly the units in hand, and drops those that are then not used.
fn settle(stage: &Stage<'_>, planner: &mut Planner<'_>, joints: &mut [Joint<'_>]) -> Result<(), ScratchError> {
    let asks: Vec<Ask> = joints.iter().map(|joint| joint.ask(&joint.units)).collect();
    for (joint, answer) in joints.iter_mut().zip(planner.plan(stage, &asks)?) {
        if let Some(now) = answer {
            let used = joint.case.used(&joint.units, &now);
            for unit in joint.units.iter().filter(|unit| !used.contains(unit)) {
                joint.case.judge(unit, &Verdict::UnusedBeside);
            }
            joint.units = used;
            joint.best = now;
        }
    }
    Ok(())
}

/// Leaves out each unit in turn and drops the one that matters least, if it does not matter; says whether any was dropped.
fn leave_out(
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    joints: &mut [Joint<'_>],
) -> Result<bool, ScratchError> {
    let asks: Vec<Ask> = joints.iter().flat_map(Joint::without_each).collect();
    let mut answers = planner.plan(stage, &asks)?.into_iter();
    let mut dropped = false;
    for joint in joints {
        let without: Vec<Option<Priced>> = answers.by_ref().take(joint.units.len()).collect();
        dropped |= joint.drop_needless(&without, &workload[joint.case.at], stage);
    }
    Ok(dropped)
}

/// Puts shorter indexes in the place of those whose further keys bring nothing: of all that are shown together the planner
/// takes the longest.
fn shorten(
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    joints: &mut [Joint<'_>],
) -> Result<(), ScratchError> {
    // An engine that prices its plans itself knows what a key brings.
    if !stage.prices_itself() {
        return Ok(());
    }
    let least: Vec<f64> = joints.iter().map(|joint| joint.best.price).collect();
    for _ in 0..WIDTH {
        let shorter: Vec<Vec<Shorter>> = joints.iter().map(Joint::shorter).collect();
        let asks =
            joints.iter().zip(&shorter).flat_map(|(joint, all)| all.iter().map(|one| joint.ask(&joint.with(one))));
        let asks: Vec<Ask> = asks.collect();
        let mut answers = planner.plan(stage, &asks)?.into_iter();
        let mut shortened = false;
        for ((joint, least), shorter) in joints.iter_mut().zip(&least).zip(shorter) {
            let answers = answers.by_ref().take(shorter.len()).collect();
            shortened |= joint.take_shorter(shorter, answers, *least, (&workload[joint.case.at], stage));
        }
        if !shortened {
            break;
        }
    }
    Ok(())
}

/// A shorter index in the place of a unit: the unit's position, and the candidate.
type Shorter = (usize, usize);

impl Joint<'_> {
    /// The candidates whose keys are the first ones of a unit's.
    fn shorter(&self) -> Vec<Shorter> {
        let candidates = &self.case.candidates;
        let is_shorter = |wide: &Candidate, one: &Candidate| {
            let keys = (&wide.def.keys, &one.def.keys);
            one.reference == wide.reference
                && (one.purpose == Purpose::Join || one.purpose == Purpose::Filter)
                && (&one.def.method, &one.def.predicate) == (&wide.def.method, &wide.def.predicate)
                && keys.1.len() < keys.0.len()
                && keys.0.starts_with(keys.1)
        };
        let mut found = Vec::new();
        for (unit, at) in self.units.iter().enumerate().filter_map(|(unit, all)| Some((unit, *all.first()?))) {
            let wide = &candidates[at];
            if self.units[unit].len() > 1 || wide.is_for_operator() {
                continue;
            }
            let others = candidates.iter().enumerate().filter(|(at, one)| {
                is_shorter(wide, one) && self.case.id(*at).is_some() && !self.units.iter().any(|unit| unit.contains(at))
            });
            found.extend(others.map(|(at, _)| (unit, at)));
        }
        found
    }

    fn with(&self, &(unit, shorter): &Shorter) -> Vec<Vec<usize>> {
        let mut units = self.units.clone();
        units[unit] = vec![shorter];
        units
    }

    /// Takes the shortest that serves the query as well as the best set, which costs `least`.
    fn take_shorter(
        &mut self,
        shorter: Vec<Shorter>,
        answers: Vec<Option<Priced>>,
        least: f64,
        (query, stage): (&WorkloadQuery, &Stage<'_>),
    ) -> bool {
        let faults = evidence::faults(&self.best.plan, query, stage);
        let serves = |(one, answer): (Shorter, Option<Priced>)| {
            let (now, units) = (answer?, self.with(&one));
            let serves = now.price <= least * policy::SAME
                && evidence::faults(&now.plan, query, stage) <= faults
                && self.case.used(&units, &now) == units
                && self.case.proven(&[one.1], &now);
            serves.then_some((one, now))
        };
        let width = |&(_, at): &Shorter| self.case.candidates[at].def.keys.len();
        let found = shorter.into_iter().zip(answers).filter_map(serves);
        let found =
            found.min_by(|(a, now), (b, other)| width(a).cmp(&width(b)).then(now.price.total_cmp(&other.price)));
        let Some(((unit, at), now)) = found else { return false };
        let wide = std::mem::replace(&mut self.units[unit], vec![at]);
        let by = self.case.defs(&[at]);
        let outdone = Outdone { by, narrower: true, price: self.best.price, by_price: now.price };
        self.case.judge(&wide, &Verdict::Outdone(outdone));
        self.best = now;
        true
    }

    fn ask(&self, units: &[Vec<usize>]) -> Ask {
        (self.case.at, self.case.ids(&units.concat()))
    }

    fn without_each(&self) -> Vec<Ask> {
        let all_but = |left: usize| -> Vec<Vec<usize>> {
            self.units.iter().enumerate().filter(|(at, _)| *at != left).map(|(_, unit)| unit.clone()).collect()
        };
        (0..self.units.len()).map(|left| self.ask(&all_but(left))).collect()
    }

    fn drop_needless(&mut self, without: &[Option<Priced>], query: &WorkloadQuery, stage: &Stage<'_>) -> bool {
        let faults = evidence::faults(&self.best.plan, query, stage);
        let needless = |(at, answer): (usize, &Option<Priced>)| {
            let without = answer.as_ref()?;
            let worse = evidence::faults(&without.plan, query, stage) > faults;
            let ratio = without.price / self.best.price.max(1.0);
            (!worse && ratio < policy::PART).then_some((at, ratio))
        };
        let found: Vec<(usize, f64)> = without.iter().enumerate().filter_map(needless).collect();
        // Two that stand in for each other both look needless: the one that matters least goes, then all are asked again.
        let Some((least, _)) = found.into_iter().min_by(|(_, a), (_, b)| a.total_cmp(b)) else { return false };
        let unit = self.units.remove(least);
        let price = without[least].as_ref().map_or(self.best.price, |without| without.price);
        self.case.judge(&unit, &Verdict::Needless { with: self.best.price, without: price });
        true
    }

    /// Keeps what the last plan proves, if the set as a whole gains enough or mends a fault of the plan.
    fn conclude(self, query: &WorkloadQuery, stage: &Stage<'_>) {
        let Self { case, units, best } = self;
        let mended = evidence::faults(&best.plan, query, stage) < evidence::faults(&case.before.plan, query, stage)
            && best.price < case.before.price;
        for unit in units {
            let join = unit.iter().all(|at| case.candidates[*at].purpose == Purpose::Join);
            let gain = policy::gain(case.before.price, best.price, case.standard(&unit), stage.limits());
            let enough = gain.is_enough() || (join && mended && case.before.price >= policy::LEAST_PRICE);
            if !case.proven(&unit, &best) {
                case.judge_unproven(&unit, &best, &Verdict::UnusedBeside);
            } else if enough {
                case.judge(&unit, &Verdict::Kept);
                case.kept.extend(unit);
            } else {
                case.judge(&unit, &Verdict::SmallGain(gain));
            }
        }
        case.kept.sort_unstable();
        case.after = (!case.kept.is_empty()).then_some(best);
    }
}
