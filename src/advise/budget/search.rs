//! Looks for the best set in what is known, without asking anybody: greedy by gain per byte, then by exchanges.
//!
//! A move adds one index or the whole set that some plan uses: two indexes that help only together are found together
//! (the atomic configurations of CoPhy, Dash et al. 2011). Gains are looked at again only where they may have changed
//! (lazy greedy, Minoux 1978). Ties go to the move that comes first in the canonical order of definitions.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rayon::prelude::*;

use super::known::{Known, Mask};

/// An index that may be bought.
#[derive(Clone, Debug)]
pub(super) struct Lot {
    /// What it takes.
    pub(super) bytes: f64,
    /// The number of its table, for the limit of a table.
    pub(super) table: usize,
    /// Those that do all that it does, which make it superfluous, and those that it makes so.
    pub(super) wider: Vec<usize>,
    pub(super) narrower: Vec<usize>,
}

/// What may be bought at most, and what is too little to be worth it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: f64,
    pub(super) indexes: usize,
    pub(super) per_table: usize,
    /// What an index must gain at least, in the unit of the workload's cost.
    pub(super) least_gain: f64,
}

/// The whole question.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) lots: Vec<Lot>,
    pub(super) queries: Vec<Known>,
    /// By query.
    pub(super) weights: Vec<f64>,
    pub(super) bounds: Bounds,
    /// By lot, the queries that may use it, and its place in their masks.
    asking: Vec<Vec<(usize, u32)>>,
}

/// So many exchanges in a row.
const PASSES: usize = 24;
/// So many moves are forced in to see what becomes of the rest: those that gain most, and those that gain most a byte.
const FORCED: usize = 48;
/// A set that some plan uses is no single move beyond this.
const WIDEST_MOVE: usize = 8;
/// An exchange must be better by this part.
const BETTER: f64 = 1e-7;

impl Problem {
    pub(super) fn new(lots: Vec<Lot>, queries: Vec<Known>, weights: Vec<f64>, bounds: Bounds) -> Self {
        let mut asking: Vec<Vec<(usize, u32)>> = vec![Vec::new(); lots.len()];
        for (query, known) in queries.iter().enumerate() {
            for (place, lot) in (0..).zip(&known.offers) {
                asking[*lot].push((query, place));
            }
        }
        Self { lots, queries, weights, bounds, asking }
    }

    /// A query's share of a set.
    pub(super) fn mask(&self, query: usize, set: &BTreeSet<usize>) -> Mask {
        let offers = (0..).zip(&self.queries[query].offers);
        offers.filter(|(_, lot)| set.contains(lot)).map(|(place, _): (u32, _)| 1 << place).sum()
    }

    /// What a set takes.
    pub(super) fn bytes(&self, set: &BTreeSet<usize>) -> f64 {
        set.iter().map(|lot| self.lots[*lot].bytes).sum()
    }

    /// The sets that searches of what is known come to, from different starts, without repetitions.
    pub(super) fn solve(&self) -> Vec<BTreeSet<usize>> {
        let moves = self.moves();
        let forward = |measure: &Measure| {
            let mut set = Set::new(self);
            set.fill(&moves, *measure, &BTreeSet::new());
            set
        };
        let starts: Vec<Set<'_>> = Measure::ALL.iter().map(forward).chain([self.backward(&moves)]).collect();
        let climb = |mut set: Set<'_>| {
            for _ in 0..PASSES {
                let Some(better) = set.exchange(&moves) else { break };
                set = better;
            }
            set.prune();
            set.chosen
        };
        starts.into_iter().map(climb).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Everything that some plan uses, less what is missed least, until it fits.
    fn backward(&self, moves: &[Vec<usize>]) -> Set<'_> {
        let used = self.queries.iter().flat_map(|known| known.used().flat_map(|used| known.numbers(used)));
        let mut set = Set::of(self, &used.collect());
        set.force(&[]);
        set.fill(moves, Measure::PerByte, &BTreeSet::new());
        set
    }

    /// The set that one exchange leads to from another one, if it seems better.
    pub(super) fn improve(&self, from: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
        Set::of(self, from).exchange(&self.moves()).map(|better| better.chosen)
    }

    /// Every move there is, in canonical order.
    fn moves(&self) -> Vec<Vec<usize>> {
        let single = (0..self.lots.len()).map(|lot| vec![lot]);
        let used = self.queries.iter().flat_map(|known| known.used().map(|used| known.numbers(used).collect()));
        let together = used.filter(|lots: &Vec<usize>| (2..=WIDEST_MOVE).contains(&lots.len()));
        BTreeSet::from_iter(single.chain(together)).into_iter().collect()
    }
}

/// What moves are compared by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    /// What is gained by byte.
    PerByte,
    /// Between the two: by the root of the bytes.
    Between,
    /// What is gained.
    Whole,
}

impl Measure {
    const ALL: [Self; 3] = [Self::PerByte, Self::Between, Self::Whole];
}

/// A set while it is worked on.
#[derive(Clone)]
struct Set<'a> {
    problem: &'a Problem,
    chosen: BTreeSet<usize>,
    bytes: f64,
    per_table: BTreeMap<usize, usize>,
    masks: Vec<Mask>,
    /// By query, its weighted cost.
    costs: Vec<f64>,
}

/// A move with its worth when it was last looked at.
struct Worth {
    score: f64,
    number: usize,
}

impl PartialEq for Worth {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Worth {}

impl PartialOrd for Worth {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Worth {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.number.cmp(&self.number))
    }
}

/// The better of two sets, the first of two alike.
fn better<'a>(one: Set<'a>, other: Set<'a>) -> Set<'a> {
    if other.is_better(&one) { other } else { one }
}

impl<'a> Set<'a> {
    fn new(problem: &'a Problem) -> Self {
        let cost = |query: usize| problem.weights[query] * problem.queries[query].guess(0).cost;
        Self {
            problem,
            chosen: BTreeSet::new(),
            bytes: 0.0,
            per_table: BTreeMap::new(),
            masks: vec![0; problem.queries.len()],
            costs: (0..problem.queries.len()).map(cost).collect(),
        }
    }

    fn of(problem: &'a Problem, chosen: &BTreeSet<usize>) -> Self {
        let mut set = Self::new(problem);
        set.put(&chosen.iter().copied().collect::<Vec<_>>());
        set
    }

    /// What the workload costs.
    fn total(&self) -> f64 {
        self.costs.iter().sum()
    }

    /// Cheaper, or as cheap and smaller.
    fn is_better(&self, other: &Self) -> bool {
        let (own, others) = (self.total(), other.total());
        own < others * (1.0 - BETTER) || (own <= others && self.bytes < other.bytes)
    }

    /// What a move changes: it puts in what no wider index of the set makes superfluous, and takes out what it makes
    /// superfluous itself.
    fn flips(&self, lots: &[usize]) -> Vec<usize> {
        let all = &self.problem.lots;
        let is_new = |lot: &usize| {
            !self.chosen.contains(lot)
                && !all[*lot].wider.iter().any(|wide| self.chosen.contains(wide) || lots.contains(wide))
        };
        let mut flips: Vec<usize> = lots.iter().copied().filter(is_new).collect();
        let gone: BTreeSet<usize> = flips.iter().flat_map(|lot| &all[*lot].narrower).copied().collect();
        flips.extend(gone.intersection(&self.chosen));
        flips
    }

    fn fits(&self, flips: &[usize]) -> bool {
        let Problem { lots, bounds, .. } = self.problem;
        let sign = |lot: &usize| if self.chosen.contains(lot) { -1 } else { 1 };
        let bytes: f64 = flips.iter().map(|lot| f64::from(sign(lot)) * lots[*lot].bytes).sum();
        if self.bytes + bytes > bounds.bytes {
            return false;
        }
        let count = |table: Option<usize>| -> i32 {
            flips.iter().filter(|lot| table.is_none_or(|table| lots[**lot].table == table)).map(sign).sum()
        };
        let stays = |held: usize, more: i32, most: usize| held.saturating_add_signed(more as isize) <= most;
        let tables: BTreeSet<usize> = match bounds.per_table {
            usize::MAX => BTreeSet::new(),
            _ => flips.iter().map(|lot| lots[*lot].table).chain(self.per_table.keys().copied()).collect(),
        };
        let on = |table: &usize| self.per_table.get(table).copied().unwrap_or(0);
        stays(self.chosen.len(), count(None), bounds.indexes)
            && tables.iter().all(|table| stays(on(table), count(Some(*table)), bounds.per_table))
    }

    /// The queries that a move touches, with their sets after it.
    fn touched(&self, lots: &[usize]) -> BTreeMap<usize, Mask> {
        let mut touched = BTreeMap::new();
        for (query, place) in lots.iter().flat_map(|lot| &self.problem.asking[*lot]) {
            *touched.entry(*query).or_insert(self.masks[*query]) ^= 1 << place;
        }
        touched
    }

    fn cost(&self, query: usize, mask: Mask) -> f64 {
        self.problem.weights[query] * self.problem.queries[query].guess(mask).cost
    }

    /// What changes gain, and the bytes that they take.
    fn gain(&self, flips: &[usize]) -> (f64, f64) {
        let gains = self.touched(flips).into_iter().map(|(query, mask)| self.costs[query] - self.cost(query, mask));
        let bytes = |lot: &usize| match self.chosen.contains(lot) {
            true => -self.problem.lots[*lot].bytes,
            false => self.problem.lots[*lot].bytes,
        };
        (gains.sum(), flips.iter().map(bytes).sum())
    }

    fn score(&self, lots: &[usize], measure: Measure) -> f64 {
        let flips = self.flips(lots);
        let (gain, bytes) = self.gain(&flips);
        let count = flips.iter().filter(|lot| !self.chosen.contains(lot)).count();
        if gain < self.problem.bounds.least_gain * count as f64 || count == 0 {
            return 0.0;
        }
        match measure {
            Measure::PerByte => gain / bytes.max(1.0),
            Measure::Between => gain / bytes.max(1.0).sqrt(),
            Measure::Whole => gain,
        }
    }

    /// Puts indexes in, or takes them out that are in.
    fn flip(&mut self, lots: &[usize]) {
        for (query, mask) in self.touched(lots) {
            self.masks[query] = mask;
            self.costs[query] = self.cost(query, mask);
        }
        for lot in lots {
            let Lot { bytes, table, .. } = &self.problem.lots[*lot];
            let (bytes, table) = (*bytes, *table);
            let count = self.per_table.entry(table).or_default();
            if self.chosen.insert(*lot) {
                self.bytes += bytes;
                *count += 1;
            } else {
                self.chosen.remove(lot);
                self.bytes -= bytes;
                *count -= 1;
            }
        }
    }

    fn put(&mut self, lots: &[usize]) {
        self.flip(&self.flips(lots));
    }

    /// Makes the moves that gain most, as long as one fits; never one that holds what is `barred`.
    fn fill(&mut self, moves: &[Vec<usize>], measure: Measure, barred: &BTreeSet<usize>) {
        let fitting =
            |set: &Self, lots: &Vec<usize>| !lots.iter().any(|lot| barred.contains(lot)) && set.fits(&set.flips(lots));
        let worth = |(number, lots): (usize, &Vec<usize>)| {
            let score = if fitting(self, lots) { self.score(lots, measure) } else { 0.0 };
            (score > 0.0).then_some(Worth { score, number })
        };
        let mut queue: BinaryHeap<Worth> = moves.iter().enumerate().filter_map(worth).collect();
        while let Some(Worth { score, number }) = queue.pop() {
            let lots = &moves[number];
            if !fitting(self, lots) {
                continue;
            }
            let now = Worth { score: self.score(lots, measure), number };
            if now.score <= 0.0 {
                continue;
            }
            if now.score < score && queue.peek().is_some_and(|next| now < *next) {
                queue.push(now);
                continue;
            }
            self.put(lots);
        }
    }

    /// The best set that one exchange leads to, if it is better.
    fn exchange(&self, moves: &[Vec<usize>]) -> Option<Self> {
        let worthwhile = |measure: Measure| {
            let worth = |(number, lots): (usize, &Vec<usize>)| Worth { score: self.score(lots, measure), number };
            let mut found: Vec<Worth> =
                moves.par_iter().enumerate().map(worth).filter(|worth| worth.score > 0.0).collect();
            found.sort_by(|a, b| b.cmp(a));
            found.truncate(FORCED);
            found
        };
        let forced = [Measure::PerByte, Measure::Whole].into_iter().flat_map(worthwhile);
        let forced: BTreeSet<usize> = forced.map(|worth| worth.number).collect();
        let without = self.chosen.par_iter().map(|lot| {
            let mut set = self.clone();
            set.flip(&[*lot]);
            set.fill(moves, Measure::PerByte, &BTreeSet::from([*lot]));
            set
        });
        let with = forced.par_iter().map(|number| {
            let mut set = self.clone();
            set.force(&moves[*number]);
            set.fill(moves, Measure::PerByte, &BTreeSet::new());
            set
        });
        let best = without.chain(with).collect::<Vec<_>>().into_iter().reduce(better);
        best.filter(|best| best.is_better(self))
    }

    /// What the workload loses without an index of the set.
    fn loss(&self, lot: usize) -> f64 {
        -self.gain(&[lot]).0
    }

    /// Takes out what gains too little beside the others, the least first.
    fn prune(&mut self) {
        loop {
            let losses = self.chosen.iter().map(|lot| (self.loss(*lot), *lot));
            match losses.min_by(|(a, one), (b, other)| a.total_cmp(b).then(one.cmp(other))) {
                Some((loss, lot)) if loss < self.problem.bounds.least_gain => self.flip(&[lot]),
                _ => return,
            }
        }
    }

    /// Puts a move in, and takes out what loses least by byte that is needed, until all fits.
    fn force(&mut self, lots: &[usize]) {
        self.put(lots);
        while !self.fits(&[]) {
            let over = (self.bytes - self.problem.bounds.bytes).max(1.0);
            let loss = |lot: &usize| self.loss(*lot) / self.problem.lots[*lot].bytes.clamp(1.0, over);
            let others = self.chosen.iter().filter(|lot| !lots.contains(lot));
            let least =
                others.map(|lot| (loss(lot), *lot)).min_by(|(a, one), (b, other)| a.total_cmp(b).then(one.cmp(other)));
            match least {
                Some((_, lot)) => self.flip(&[lot]),
                None => {
                    let left: Vec<usize> = lots.iter().copied().filter(|lot| self.chosen.contains(lot)).collect();
                    return self.flip(&left);
                }
            }
        }
    }
}
