//! The best set of indexes that may be bought: as little as can be found is paid for the workload, within a budget.
//!
//! Everybody who chooses indexes by a planner's costs pays for the planner's answers (Extend, Schlosser et al. 2019: one
//! answer a query and step; DTA, Chaudhuri and Narasayya 2020: as many as time allows). Here few are asked for: what is
//! offered is shown in layers, all at once; leaving out one used index at a time tells what each is worth; what follows
//! for other sets is [`known`] or guessed from it; the search runs over that, and asks for the plans of the set it comes
//! to, until the guesses about it are none. (Budget-aware tuning, Wu et al. 2022; configurations as INUM and CoPhy have
//! them, Papadomanolakis et al. 2007, Dash et al. 2011.)

mod known;
mod offers;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{IndexDef, IndexId};
use crate::config::{Minimise, Selection};
use crate::coverage;
use crate::engine::ScratchError;
use crate::name::QName;
use crate::plan::{Access, PlanOp};
use crate::workload::WorkloadQuery;

use super::planner::{Ask, Planner, Priced};
use super::policy;
use super::select::Wishes;
use super::stage::Stage;
use super::trials::Kept;
use known::{Known, MOST, Mask};
use offers::Breadth;
use search::{Bounds, Lot, Problem};

/// So often sets are searched for from the beginning; the others come out of the best one by exchanges.
const STARTS: usize = 2;
/// So many plans a query are asked for at most while the set is chosen.
const QUOTA: usize = 14;
/// What cannot become cheaper by this part is not looked into.
const WORTH_ASKING: f64 = 0.995;

/// An index on offer.
struct Offer {
    id: IndexId,
    def: IndexDef,
    breadth: Breadth,
}

/// Leaves `stage` with the best set advised.
pub(super) fn spend(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    selection: &Selection,
) -> Result<(), ScratchError> {
    let asked = priced(planner, workload);
    let offers = offer(stage, planner, workload, &asked)?;
    let Some(mut market) = Market::open(stage, planner, workload, selection, asked, &offers)? else { return Ok(()) };
    market.explore(stage, planner)?;
    let set = market.choose(stage, planner)?;
    let advised: BTreeSet<IndexId> = set.iter().map(|lot| offers[*lot].id).collect();
    stage.advise(advised, BTreeSet::new());
    Ok(())
}

/// What queries take of the set that is advised.
#[derive(Default)]
pub(super) struct Served {
    pub(super) wishes: Wishes,
    /// By query, its plan without the set.
    pub(super) before: BTreeMap<usize, Priced>,
    /// Queries that gain too little for anybody to say that they lack an index.
    pub(super) quiet: Vec<usize>,
}

/// What each query takes of the set that is advised, if it pays.
pub(super) fn served(
    stage: &Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
) -> Result<Served, ScratchError> {
    let asked = priced(planner, workload);
    let asks: Vec<Ask> = asked.iter().map(|at| (*at, Vec::new())).collect();
    let mut served = Served::default();
    for (at, after) in asked.into_iter().zip(planner.plan(stage, &asks)?) {
        let (Some(before), Some(after)) = (planner.original(at), after) else { continue };
        if after.price * policy::SAME > before.price {
            continue;
        }
        let mut kept = Vec::new();
        after.plan.root.walk(&mut |step| {
            if let PlanOp::Scan {
                reference, access: Access::Seek { index, .. } | Access::FullIndex { index, .. }, ..
            } = &step.op
                && stage.advised().contains(index)
                && let Some(found) = stage.catalog().indexes().find(|one| one.id == *index)
            {
                kept.push(Kept::bought(&found.def, *reference, *index));
            }
        });
        if !kept.is_empty() {
            served.wishes.proven.insert(at, kept);
            if before.price < after.price * stage.limits().min_gain {
                served.quiet.push(at);
            }
            served.before.insert(at, before);
        }
    }
    Ok(served)
}

/// The queries of the application that have a price, by their places in the workload.
fn priced(planner: &Planner<'_>, workload: &[WorkloadQuery]) -> Vec<usize> {
    (0..workload.len()).filter(|at| workload[*at].advisable && planner.original(*at).is_some()).collect()
}

/// Everything that is offered for some query and can be made, in canonical order.
fn offer(
    stage: &mut Stage<'_>,
    planner: &mut Planner<'_>,
    workload: &[WorkloadQuery],
    asked: &[usize],
) -> Result<Vec<Offer>, ScratchError> {
    let mut all: BTreeMap<IndexDef, Breadth> = BTreeMap::new();
    for at in asked {
        for (def, breadth) in offers::offers(stage, &workload[*at]) {
            let least = all.entry(def).or_insert(breadth);
            *least = breadth.min(*least);
        }
    }
    let defs: Vec<IndexDef> = all.keys().cloned().collect();
    let numbers = planner.number(stage, &defs)?;
    let made = all.into_iter().zip(numbers);
    Ok(made.filter_map(|((def, breadth), id)| Some(Offer { id: id.ok()?, def, breadth })).collect())
}

/// What is offered, to whom, and what is known of it.
struct Market<'a> {
    offers: &'a [Offer],
    /// Places in the workload, by query of the problem.
    asked: Vec<usize>,
    problem: Problem,
}

impl<'a> Market<'a> {
    /// None where nothing is to be bought.
    fn open(
        stage: &Stage<'_>,
        planner: &mut Planner<'_>,
        workload: &[WorkloadQuery],
        selection: &Selection,
        asked: Vec<usize>,
        offers: &'a [Offer],
    ) -> Result<Option<Self>, ScratchError> {
        let defs: Vec<IndexDef> = offers.iter().map(|offer| offer.def.clone()).collect();
        let sizes = planner.sizes(stage, &defs)?;
        let tables: BTreeSet<&QName> = defs.iter().map(|def| &def.table).collect();
        let tables: BTreeMap<&QName, usize> = tables.into_iter().zip(0..).collect();
        let does_more = |wide: usize, narrow: usize| wide != narrow && does_all(stage, &defs[wide], &defs[narrow]);
        let lots: Vec<Lot> = (0..defs.len())
            .map(|lot| Lot {
                bytes: sizes[lot],
                table: tables[&defs[lot].table],
                wider: (0..defs.len()).filter(|wide| does_more(*wide, lot)).collect(),
                narrower: (0..defs.len()).filter(|narrow| does_more(lot, *narrow)).collect(),
            })
            .collect();
        let budget = selection.bytes().unwrap_or(f64::INFINITY);
        let known: Vec<Known> = asked
            .iter()
            .map(|at| {
                let base = planner.original(*at).map_or(0.0, |priced| priced.price);
                let affordable = |lot: &usize| lots[*lot].bytes <= budget;
                let mut own: Vec<usize> = (0..offers.len())
                    .filter(|lot| affordable(lot) && offers::may_serve(&offers[*lot].def, &workload[*at]))
                    .collect();
                // The narrow ones are looked at first.
                own.sort_by_key(|lot| (offers[*lot].breadth, *lot));
                own.truncate(MOST);
                own.sort_unstable();
                let wider = own.iter().map(|lot| wider(stage, offers, &own, *lot)).collect();
                let alike = own.iter().map(|lot| alike(offers, &own, *lot)).collect();
                Known::new(base, own, wider, alike)
            })
            .collect();
        let weights: Vec<f64> = known
            .iter()
            .zip(&asked)
            .map(|(known, at)| match selection.minimise {
                Minimise::Cost => workload[*at].weight,
                Minimise::Ratio => workload[*at].weight / known.base.max(1.0),
            })
            .collect();
        let total: f64 = known.iter().zip(&weights).map(|(known, weight)| weight * known.base).sum();
        let bounds = Bounds {
            bytes: budget,
            indexes: selection.max_indexes.map_or(usize::MAX, |most| most as usize),
            per_table: selection.max_indexes_per_table.map_or(usize::MAX, |most| most as usize),
            least_gain: selection.min_share * total,
        };
        if lots.is_empty() || known.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { offers, asked, problem: Problem::new(lots, known, weights, bounds) }))
    }

    /// Asks for the plans of some queries under some sets, where they are not certain yet.
    fn ask(
        &mut self,
        stage: &Stage<'_>,
        planner: &mut Planner<'_>,
        wanted: Vec<(usize, Mask)>,
    ) -> Result<(), ScratchError> {
        let known = &self.problem.queries;
        let mut wanted: Vec<(usize, Mask)> =
            wanted.into_iter().filter(|(query, set)| !known[*query].guess(*set).is_certain()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let ask = |(query, set): &(usize, Mask)| -> Ask {
            let mut ids: Vec<IndexId> = known[*query].numbers(*set).map(|lot| self.offers[lot].id).collect();
            ids.sort();
            (self.asked[*query], ids)
        };
        let asks: Vec<Ask> = wanted.iter().map(ask).collect();
        for ((query, set), answer) in wanted.into_iter().zip(planner.plan(stage, &asks)?) {
            let Some(priced) = answer else { continue };
            let indexes: BTreeSet<IndexId> = priced.plan.root.indexes().into_iter().collect();
            let known = &mut self.problem.queries[query];
            let bit = |(place, lot): (u32, &usize)| indexes.contains(&self.offers[*lot].id).then_some(1 << place);
            let used: Mask = (0..).zip(&known.offers).filter_map(bit).sum();
            known.learn(set, used, priced.price);
        }
        Ok(())
    }

    /// Asks what every layer of the offers is worth, and what each index is that a plan then uses.
    fn explore(&mut self, stage: &Stage<'_>, planner: &mut Planner<'_>) -> Result<(), ScratchError> {
        // The widest first: whom all of them do not help no other set does.
        for layer in [Breadth::Covering, Breadth::Paired, Breadth::Narrow] {
            let wanted = self.layers(layer);
            self.ask(stage, planner, wanted)?;
        }
        let mut alone = Vec::new();
        for (query, known) in self.problem.queries.iter().enumerate() {
            let used = known.used().fold(0, |all, used| all | used);
            alone.extend(bits(used).map(|bit| (query, bit)));
        }
        self.ask(stage, planner, alone)
    }

    /// The offers up to a breadth, by query that they may help.
    fn layers(&self, breadth: Breadth) -> Vec<(usize, Mask)> {
        let queries = self.problem.queries.iter().enumerate();
        let helped = queries.filter(|(_, known)| {
            let all = mask_of(known, &|_| true);
            known.guess(all).least <= known.base * WORTH_ASKING
        });
        helped.map(|(query, known)| (query, mask_of(known, &|lot| self.offers[lot].breadth <= breadth))).collect()
    }

    /// Searches what is known, asks about what was found, and searches again.
    fn choose(&mut self, stage: &Stage<'_>, planner: &mut Planner<'_>) -> Result<BTreeSet<usize>, ScratchError> {
        let quota = planner.asked() + QUOTA * self.asked.len();
        let mut best = BTreeSet::new();
        for _ in 0..STARTS {
            for set in self.problem.solve() {
                if planner.asked() < quota {
                    self.look_at(stage, planner, set, &mut best)?;
                }
            }
        }
        // The best one is known to be what it is; every exchange that seems better becomes the best one, or known, too.
        while planner.asked() < quota {
            let Some(set) = self.problem.improve(&best) else { break };
            let asked = planner.asked();
            if !self.look_at(stage, planner, set, &mut best)? && planner.asked() == asked {
                break;
            }
        }
        Ok(best)
    }

    /// Asks for the plans under a set, and takes it if it is better than the best one; says whether it is.
    fn look_at(
        &mut self,
        stage: &Stage<'_>,
        planner: &mut Planner<'_>,
        set: BTreeSet<usize>,
        best: &mut BTreeSet<usize>,
    ) -> Result<bool, ScratchError> {
        let without = self.verify(stage, planner, &set)?;
        let (total, least) = (self.total(&set), self.total(best));
        let is_better = total < least || total <= least && self.problem.bytes(&set) < self.problem.bytes(best);
        if is_better {
            *best = set;
            self.ask(stage, planner, without)?;
        }
        Ok(is_better)
    }

    /// Asks for the plans under a set; returns the questions what each index of it is worth there.
    fn verify(
        &mut self,
        stage: &Stage<'_>,
        planner: &mut Planner<'_>,
        set: &BTreeSet<usize>,
    ) -> Result<Vec<(usize, Mask)>, ScratchError> {
        let masks: Vec<(usize, Mask)> =
            (0..self.asked.len()).map(|query| (query, self.problem.mask(query, set))).collect();
        self.ask(stage, planner, masks.clone())?;
        let mut without = Vec::new();
        for (query, mask) in masks {
            let used = self.problem.queries[query].used_under(mask).unwrap_or(0);
            without.extend(bits(used).map(|bit| (query, mask & !bit)));
        }
        Ok(without)
    }

    fn total(&self, set: &BTreeSet<usize>) -> f64 {
        let Problem { queries, weights, .. } = &self.problem;
        let cost = |query: usize| weights[query] * queries[query].guess(self.problem.mask(query, set)).cost;
        (0..queries.len()).map(cost).sum()
    }
}

fn mask_of(known: &Known, wanted: &dyn Fn(usize) -> bool) -> Mask {
    (0..).zip(&known.offers).filter(|(_, lot)| wanted(**lot)).map(|(place, _): (u32, _)| 1 << place).sum()
}

/// Every single bit of a mask.
fn bits(mut mask: Mask) -> impl Iterator<Item = Mask> {
    std::iter::from_fn(move || {
        let bit = mask & mask.wrapping_neg();
        mask ^= bit;
        (bit != 0).then_some(bit)
    })
}

/// The offers of a query on the table of one of them.
fn alike(offers: &[Offer], own: &[usize], one: usize) -> Mask {
    let on = |lot: usize| offers[lot].def.table == offers[one].def.table;
    (0..).zip(own).filter(|(_, lot)| on(**lot)).map(|(place, _): (u32, _)| 1 << place).sum()
}

/// The offers of a query that do all that one of them does.
fn wider(stage: &Stage<'_>, offers: &[Offer], own: &[usize], narrow: usize) -> Mask {
    let does = |lot: usize| lot == narrow || does_all(stage, &offers[lot].def, &offers[narrow].def);
    (0..).zip(own).filter(|(_, lot)| does(**lot)).map(|(place, _): (u32, _)| 1 << place).sum()
}

/// Says whether an index does all that another one does.
fn does_all(stage: &Stage<'_>, wide: &IndexDef, narrow: &IndexDef) -> bool {
    wide.table == narrow.table && coverage::subsumes(wide, narrow, stage.target()).is_ok()
}
