//! What reading one table reference costs, and how many rows come out.

use crate::catalog::IndexDef;
use crate::expr::{Expr, Literal, Op};
use crate::plan::{Access, Condition, ConditionKind};
use crate::query::{Bound, JoinKind, Predicate, PredicateOp, RefId};

use super::geometry::{Tree, fetch_by_index, fetch_by_page, touched};
use super::selectivity::{all, disjunction, distinct, equal, members, nth, range};
use super::{
    CPU_INDEX_TUPLE, CPU_OPERATOR, CPU_TUPLE, Fetch, Known, Pricer, RANDOM_PAGE, Reference, Run, SEQ_PAGE, Under,
};

impl Pricer<'_> {
    /// Prices one way to read a reference.
    pub(super) fn scan(&self, id: RefId, access: &Access, under: &Under) -> Run {
        let Some(reference) = self.reference(id) else { return Run { rows: 1.0, ..Run::default() } };
        let mut terms = Terms::default();
        let found = match access {
            Access::Seek { index, covering, conditions } => {
                let def = self.index(reference, *index);
                let answer = self.answer(reference, conditions, under.known, &mut terms);
                terms.answer_by_predicate(reference, def);
                seek(reference, def, *covering, &answer, under)
            }
            Access::FullIndex { index, covering } => {
                full_index(reference, self.index(reference, *index), *covering, under)
            }
            Access::TableKey { conditions } if !conditions.is_empty() => {
                let answer = self.answer(reference, conditions, under.known, &mut terms);
                seek_table(reference, &answer, under)
            }
            Access::Automatic { conditions } => {
                let answer = self.answer(reference, conditions, under.known, &mut terms);
                automatic(reference, &answer)
            }
            Access::FullTable | Access::TableKey { .. } => full_table(reference),
            Access::Other => Run { once: 0.0, startup: 0.0, rest: CPU_TUPLE * 10.0, rows: 10.0 },
        };
        self.filtered(reference, found, &terms, under.known)
    }

    /// Drops the rows that meet not all conditions, those the access answered left out.
    fn filtered(&self, reference: &Reference<'_>, mut found: Run, terms: &Terms, known: Known) -> Run {
        let pattern = reference.pattern;
        let left = (0..pattern.predicates.len()).filter(|at| !terms.predicates.has(*at));
        let mut filters = 0.0;
        let mut kept = 1.0;
        for at in left {
            kept *= nth(&pattern.predicates, at, reference.stats);
            filters += 1.0;
        }
        if !terms.disjunctions {
            kept *= pattern.disjunctions.iter().map(|or| disjunction(or, reference.stats)).product::<f64>();
            filters += pattern.disjunctions.len() as f64;
        }
        found.rest += found.rows * filters * CPU_OPERATOR;
        found.rows *= kept * self.joined(reference, known, Some(terms));
        // A row without partner is kept on the nullable side of an outer join.
        let is_outer = reference.nullable_side
            && pattern.joins.iter().any(|join| join.kind == JoinKind::Outer && known.has(join.other));
        if is_outer {
            found.rows = found.rows.max(1.0);
        }
        found
    }

    /// The fraction of a reference's rows that joins to rows already known keep; keys joined to several count once.
    fn joined(&self, reference: &Reference<'_>, known: Known, answered: Option<&Terms>) -> f64 {
        let joins = &reference.pattern.joins;
        let mut kept = 1.0;
        for (at, join) in joins.iter().enumerate().filter(|(_, join)| known.has(join.other)) {
            let counted = |other: usize| joins[other].key == join.key && known.has(joins[other].other);
            if (0..at).any(counted) || answered.is_some_and(|terms| terms.has_joined(&join.key, reference)) {
                continue;
            }
            kept *= self.join_selectivity(reference, &join.key, known);
        }
        kept
    }

    /// One of as many values as the side with more of them has (`eqjoinsel`); of several partners the most selective counts.
    fn join_selectivity(&self, reference: &Reference<'_>, key: &Expr, known: Known) -> f64 {
        let (own, not_null) = distinct(key, reference.stats);
        let partners = reference.pattern.joins.iter().filter(|join| join.key == *key && known.has(join.other));
        let most = partners
            .filter_map(|join| Some(distinct(&join.other_key, self.reference(join.other)?.stats).0))
            .fold(own, f64::max);
        not_null / most.max(1.0)
    }

    /// Tells which fraction of the rows the conditions find, and marks what they answer.
    fn answer(&self, reference: &Reference<'_>, conditions: &[Condition], known: Known, terms: &mut Terms) -> Answer {
        let mut answer = Answer { fraction: 1.0, descents: 1.0 };
        for (at, condition) in conditions.iter().enumerate() {
            let again = conditions[..at]
                .iter()
                .any(|other| other.key == condition.key && is_range(other.kind) && is_range(condition.kind));
            match condition.kind {
                _ if again => {}
                ConditionKind::Equal => self.answer_equal(reference, &condition.key, known, terms, &mut answer),
                ConditionKind::Greater | ConditionKind::Less => {
                    let both =
                        conditions[at + 1..].iter().any(|other| other.key == condition.key && is_range(other.kind));
                    answer.fraction *= answer_range(reference, condition, both, terms);
                }
                // No method that the model prices has such.
                ConditionKind::Operator => {}
                ConditionKind::Skipped => answer.descents *= distinct(&condition.key, reference.stats).0,
            }
        }
        answer
    }

    fn answer_equal(
        &self,
        reference: &Reference<'_>,
        key: &Expr,
        known: Known,
        terms: &mut Terms,
        answer: &mut Answer,
    ) {
        let pattern = reference.pattern;
        let mut best: Option<f64> = None;
        for (at, predicate) in pattern.predicates.iter().enumerate() {
            if predicate.key != *key || !is_equality(predicate) || predicate.optional {
                continue;
            }
            terms.predicates.add(at);
            if predicate.op == PredicateOp::In {
                answer.descents *= members(&predicate.value);
            }
            let fraction = nth(&pattern.predicates, at, reference.stats);
            best = Some(best.map_or(fraction, |best| best.min(fraction)));
        }
        let joined = pattern.joins.iter().any(|join| join.key == *key && known.has(join.other));
        if joined {
            terms.add_joined(key, reference);
            let fraction = self.join_selectivity(reference, key, known);
            best = Some(best.map_or(fraction, |best| best.min(fraction)));
        }
        // A constant that reaches this reference through another one's equality.
        answer.fraction *= best.unwrap_or_else(|| equal(key, reference.stats));
    }

    /// Prices several index conditions on one reference, whose rows are put together (OR).
    pub(super) fn multi_index(&self, id: RefId, branches: &[Run], known: Known) -> Run {
        let Some(reference) = self.reference(id) else { return Run { rows: 1.0, ..Run::default() } };
        let sum = |part: fn(&Run) -> f64| branches.iter().map(part).sum::<f64>();
        let pattern = reference.pattern;
        let kept: f64 = pattern.disjunctions.iter().map(|or| disjunction(or, reference.stats)).product();
        let rows =
            reference.rows() * all(&pattern.predicates, reference.stats) * kept * self.joined(reference, known, None);
        Run { once: sum(|run| run.once), startup: sum(|run| run.startup), rest: sum(|run| run.rest), rows }
    }

    /// Prices one branch of an OR: its own conditions decide, not the pattern's.
    pub(super) fn branch(&self, id: RefId, access: &Access, under: &Under) -> Run {
        let Some(reference) = self.reference(id) else { return Run { rows: 1.0, ..Run::default() } };
        match access {
            Access::Seek { index, covering, conditions } => {
                let answer = self.branch_answer(reference, conditions);
                seek(reference, self.index(reference, *index), *covering, &answer, under)
            }
            Access::TableKey { conditions } => seek_table(reference, &self.branch_answer(reference, conditions), under),
            _ => full_table(reference),
        }
    }

    fn branch_answer(&self, reference: &Reference<'_>, conditions: &[Condition]) -> Answer {
        let mut answer = Answer { fraction: 1.0, descents: 1.0 };
        let predicates = || {
            let branches = reference.pattern.disjunctions.iter().flat_map(|or| or.branches.iter().flatten());
            branches.chain(&reference.pattern.predicates)
        };
        for (at, condition) in conditions.iter().enumerate() {
            let again = conditions[..at].iter().any(|other| other.key == condition.key);
            answer.fraction *= match condition.kind {
                _ if again => 1.0,
                ConditionKind::Equal => {
                    let list = predicates()
                        .find(|predicate| predicate.key == condition.key && predicate.op == PredicateOp::In);
                    let count = list.map_or(1.0, |predicate| members(&predicate.value));
                    answer.descents *= count;
                    (equal(&condition.key, reference.stats) * count).min(1.0)
                }
                ConditionKind::Greater => range(&condition.key, Bound::Lower, reference.stats),
                ConditionKind::Less => range(&condition.key, Bound::Upper, reference.stats),
                ConditionKind::Operator | ConditionKind::Skipped => 1.0,
            };
        }
        answer
    }
}

/// What an access's conditions find.
struct Answer {
    /// The fraction of the table's rows.
    fraction: f64,
    /// How many places of the index are looked up.
    descents: f64,
}

/// What an access answers of a pattern.
#[derive(Default)]
struct Terms {
    predicates: Bits,
    joins: Bits,
    disjunctions: bool,
}

impl Terms {
    fn add_joined(&mut self, key: &Expr, reference: &Reference<'_>) {
        for (at, _) in reference.pattern.joins.iter().enumerate().filter(|(_, join)| join.key == *key) {
            self.joins.add(at);
        }
    }

    fn has_joined(&self, key: &Expr, reference: &Reference<'_>) -> bool {
        reference.pattern.joins.iter().enumerate().any(|(at, join)| join.key == *key && self.joins.has(at))
    }

    /// A partial index holds only rows that meet its predicate: those conditions are met, though no key was searched.
    fn answer_by_predicate(&mut self, reference: &Reference<'_>, index: Option<&IndexDef>) {
        let Some(predicate) = index.and_then(|index| index.predicate.as_ref()) else { return };
        for (at, asked) in reference.pattern.predicates.iter().enumerate() {
            if predicate.conjuncts().contains(&asked.condition) {
                self.predicates.add(at);
            }
        }
    }
}

/// A set of positions below 64.
#[derive(Clone, Copy, Default)]
struct Bits(u64);

impl Bits {
    fn has(self, at: usize) -> bool {
        at < 64 && self.0 & (1 << at) != 0
    }

    fn add(&mut self, at: usize) {
        if at < 64 {
            self.0 |= 1 << at;
        }
    }
}

/// An equality, and `NOT active`, whose canonical form is `active <> TRUE`.
fn is_equality(predicate: &Predicate) -> bool {
    match (&predicate.op, &predicate.condition) {
        (PredicateOp::Eq | PredicateOp::In | PredicateOp::Null, _) => true,
        (PredicateOp::Other, Expr::Op { op: Op::NotEq, operands }) => {
            matches!(operands.as_slice(), [_, Expr::Literal(Literal::Boolean(_))])
        }
        _ => false,
    }
}

fn is_range(kind: ConditionKind) -> bool {
    matches!(kind, ConditionKind::Greater | ConditionKind::Less)
}

fn answer_range(reference: &Reference<'_>, condition: &Condition, both: bool, terms: &mut Terms) -> f64 {
    let predicates = &reference.pattern.predicates;
    let mut found = None;
    for (at, predicate) in
        predicates.iter().enumerate().filter(|(_, predicate)| predicate.key == condition.key && !predicate.optional)
    {
        let answered = match predicate.op {
            PredicateOp::Prefix | PredicateOp::Range(Bound::Both) => true,
            PredicateOp::Range(Bound::Lower) => both || condition.kind == ConditionKind::Greater,
            PredicateOp::Range(Bound::Upper) => both || condition.kind == ConditionKind::Less,
            _ => false,
        };
        if answered {
            terms.predicates.add(at);
            *found.get_or_insert(1.0) *= nth(predicates, at, reference.stats);
        }
    }
    let bound = match (both, condition.kind) {
        (true, _) => Bound::Both,
        (false, ConditionKind::Less) => Bound::Upper,
        (false, _) => Bound::Lower,
    };
    found.unwrap_or_else(|| range(&condition.key, bound, reference.stats))
}

fn full_table(reference: &Reference<'_>) -> Run {
    let rows = reference.rows();
    Run { once: 0.0, startup: 0.0, rest: reference.pages() * SEQ_PAGE + rows * CPU_TUPLE, rows }
}

/// `cost_index` over `btcostestimate`; where the order does not matter also `cost_bitmap_heap_scan`, whichever is less.
fn seek(reference: &Reference<'_>, def: Option<&IndexDef>, covering: bool, answer: &Answer, under: &Under) -> Run {
    let tree = Tree::of(def, reference.rows(), reference.stats);
    let loops = under.loops.max(1.0);
    let rows = tree.entries * answer.fraction;
    // Of one run at least one entry is looked at.
    let read = rows.max(1.0 / loops);
    let descents = answer.descents.min(tree.entries);
    let descend = tree.descent() * descents;
    let leaves = tree.leaves(read, descents, loops) + read * CPU_INDEX_TUPLE;
    let handle = read * CPU_TUPLE;
    let first = descend + RANDOM_PAGE.min(leaves);
    if covering {
        return Run { once: 0.0, startup: first, rest: (leaves + descend - first).max(0.0) + handle, rows };
    }
    let pages = reference.pages();
    let by_index = fetch_by_index(read, reference.rows(), pages, tree.order, loops);
    let by_page = fetch_by_page(read, pages, loops);
    if under.fetch == Fetch::Pages && by_page < by_index {
        return Run { once: 0.0, startup: descend + leaves, rest: by_page + handle, rows };
    }
    Run { once: 0.0, startup: first, rest: (leaves + descend - first).max(0.0) + by_index + handle, rows }
}

/// The whole index in its order. Its leaves are read one after the other; what they point at lies where it lies.
fn full_index(reference: &Reference<'_>, def: Option<&IndexDef>, covering: bool, under: &Under) -> Run {
    let tree = Tree::of(def, reference.rows(), reference.stats);
    let rows = tree.entries;
    let entries = tree.pages * SEQ_PAGE + rows * CPU_INDEX_TUPLE;
    let fetch = if covering {
        0.0
    } else {
        fetch_by_index(rows, reference.rows(), reference.pages(), tree.order, under.loops.max(1.0))
    };
    Run { once: 0.0, startup: tree.descent(), rest: entries + fetch + rows * CPU_TUPLE, rows }
}

/// The table is its own index: rows of neighbouring keys lie side by side.
fn seek_table(reference: &Reference<'_>, answer: &Answer, under: &Under) -> Run {
    let loops = under.loops.max(1.0);
    let rows = reference.rows() * answer.fraction;
    let read = rows.max(1.0 / loops);
    let tree = Tree { entries: reference.rows(), pages: reference.pages(), order: 1.0 };
    let descents = answer.descents.min(tree.entries);
    let together = (answer.fraction * tree.pages).ceil().max(descents.min(tree.pages)).max(1.0);
    let pages = if loops > 1.0 {
        touched(together * loops, tree.pages) / loops * RANDOM_PAGE
    } else {
        descents.min(together) * RANDOM_PAGE + (together - descents).max(0.0) * SEQ_PAGE
    };
    Run { once: 0.0, startup: tree.descent() * descents, rest: pages + read * CPU_TUPLE, rows }
}

/// An index built for this run: the table is read and sorted once, then sought in memory.
fn automatic(reference: &Reference<'_>, answer: &Answer) -> Run {
    let scan = full_table(reference);
    let rows = reference.rows();
    let build = 2.0 * CPU_OPERATOR * rows * rows.max(2.0).log2();
    let found = rows * answer.fraction;
    let seek = CPU_OPERATOR * rows.max(2.0).log2();
    Run { once: scan.rest + build, startup: seek, rest: found * CPU_TUPLE, rows: found }
}
