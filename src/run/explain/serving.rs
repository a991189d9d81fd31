//! What existing indexes are worth to a table reference, in words; [`crate::coverage`] judges.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::catalog::{Backing, Index, IndexDef, IndexId, Table};
use crate::coverage::{self, Asked, Coverage, Joins, Sort, WhyNot};
use crate::dialect::Target;
use crate::expr::Expr;
use crate::outcome::ServingEntry;
use crate::query::{AccessPattern, QueryShape, RefId, TableRef};
use crate::run::entries::index_column;

/// Other indexes that are told of.
const NEAREST: usize = 3;

/// A reference and what its indexes are judged by.
struct Judge<'a> {
    table: &'a Table,
    pattern: &'a AccessPattern,
    shape: &'a QueryShape,
    target: &'a Target,
}

/// Returns the index that serves a reference best, and the nearest others.
///
/// What serves its conditions alone comes before what only serves a join, which takes the partner's rows to be at hand.
pub(super) fn serving(
    table: &Table,
    pattern: &AccessPattern,
    shape: &QueryShape,
    target: &Target,
) -> (Option<ServingEntry>, Vec<ServingEntry>) {
    let judge = Judge { table, pattern, shape, target };
    let best = |joins: Joins| coverage::serving(table, pattern, joins, target);
    let best = best(Joins::Ignored).filter(|best| best.coverage.seeks()).or_else(|| best(Joins::Bound));
    let mut told: BTreeSet<IndexId> = best.iter().map(|best| best.index.id).collect();
    let mut others = judge.branches(&mut told);
    others.extend(judge.others(&told));
    others.truncate(NEAREST);
    (best.map(|best| entry(best.index, judge.told(&best.coverage, &best.index.def))), others)
}

impl Judge<'_> {
    /// The indexes that serve branches of ORs.
    fn branches(&self, told: &mut BTreeSet<IndexId>) -> Vec<ServingEntry> {
        let mut found = Vec::new();
        for branch in self.pattern.disjunctions.iter().flat_map(|any| &any.branches) {
            let serving = coverage::serving_branch(self.table, self.pattern, branch, self.target);
            if let Some(serving) = serving.filter(|serving| told.insert(serving.index.id)) {
                let why = format!("serves a branch of the OR: {}", self.told(&serving.coverage, &serving.index.def));
                found.push(entry(serving.index, why));
            }
        }
        found
    }

    /// The other indexes that hold something the query names, those that would serve first.
    fn others(&self, told: &BTreeSet<IndexId>) -> Vec<ServingEntry> {
        let named = named(self.pattern);
        let tested: Vec<&Expr> = branch_keys(self.pattern).collect();
        let mut others: Vec<(usize, &Index, Coverage)> = self
            .table
            .usable_indexes()
            .filter(|index| !told.contains(&index.id))
            .map(|index| (nearness(&index.def, &named), index, self.judge(&index.def)))
            .filter(|(near, ..)| *near > 0)
            .collect();
        others.sort_by_key(|(near, index, coverage)| (!coverage.serves(), Reverse(*near), index.id));
        let told = |(_, index, coverage): (usize, &Index, Coverage)| {
            let in_branch = index.def.keys.first().is_some_and(|lead| tested.contains(&&lead.expr));
            let why = match coverage.blocked {
                Some(WhyNot::LeadingKey) if in_branch => {
                    "its leading key is compared in a branch of the OR alone".to_owned()
                }
                Some(WhyNot::LeadingKey) if self.sorts_by_lead(&index.def) => {
                    "gives another order than the one asked for".to_owned()
                }
                Some(why) => why.explain(&index.def),
                None => format!("would serve too: {}", self.told(&coverage, &index.def)),
            };
            entry(index, why)
        };
        others.into_iter().map(told).collect()
    }

    /// Says whether the leading key is a column that is sorted by: where NULLs stand, a direction or a collation differs.
    fn sorts_by_lead(&self, def: &IndexDef) -> bool {
        let lead = def.keys.first().and_then(|key| key.expr.as_column());
        let first = self.pattern.order.first().map(|order| order.key.columns());
        lead.zip(first).is_some_and(|(lead, sorted)| sorted.len() == 1 && sorted.contains(lead))
    }

    fn judge(&self, def: &IndexDef) -> Coverage {
        let asked = |joins: Joins| Asked { access: self.pattern, branch: &[], joins, table: Some(self.table) };
        let alone = coverage::judge(def, &asked(Joins::Ignored), self.target);
        if alone.seeks() { alone } else { coverage::judge(def, &asked(Joins::Bound), self.target) }
    }

    /// ``finds rows by `a`, `b`; gives the order; leaves `c` to be filtered``.
    fn told(&self, coverage: &Coverage, def: &IndexDef) -> String {
        let mut parts = Vec::new();
        let given = self.partners(coverage);
        let bound = usize::from(coverage.equality + coverage.skipped) + usize::from(coverage.range);
        let keys: Vec<String> = def.keys.iter().take(bound).map(|key| format!("`{}`", key.expr)).collect();
        if coverage.single_row {
            parts.push(format!("{given}finds the one row by {}", keys.join(", ")));
        } else if coverage.seeks() {
            let skip = if coverage.skipped > 0 { " by a skip scan" } else { "" };
            parts.push(format!("{given}finds rows by {}{skip}", keys.join(", ")));
        }
        if coverage.special {
            parts.push("answers by its own method".to_owned());
        }
        if coverage.partial {
            parts.push("holds only rows that are wanted".to_owned());
        }
        match coverage.sort {
            // One row needs no order.
            _ if coverage.single_row => {}
            Sort::Served(_) => parts.push("gives the order".to_owned()),
            Sort::Partial(1) => parts.push("gives the order's first key".to_owned()),
            Sort::Partial(keys) => parts.push(format!("gives the order's first {keys} keys")),
            Sort::Unserved => parts.push("leaves the order to a sort".to_owned()),
            Sort::NotAsked => {}
        }
        if coverage.grouped {
            parts.push("keeps groups together".to_owned());
        }
        if coverage.covering {
            parts.push("holds every column that is read".to_owned());
        }
        let mut left: Vec<String> = coverage
            .residual(self.pattern)
            .filter(|predicate| !predicate.optional)
            .map(|predicate| format!("`{}`", predicate.key))
            .collect();
        left.dedup();
        if !left.is_empty() && !coverage.single_row {
            parts.push(format!("leaves {} to be filtered", left.join(", ")));
        }
        parts.join("; ")
    }

    /// ``for each row of `versions v`, ``: where the index is searched by rows of other tables.
    fn partners(&self, coverage: &Coverage) -> String {
        let others = coverage.joined.iter().filter_map(|at| Some(self.pattern.joins.get(at)?.other));
        let label = |other: RefId| self.shape.references.get(usize::from(other.0)).map(TableRef::shown);
        let mut labels: Vec<String> = others.filter_map(label).map(|label| format!("`{label}`")).collect();
        labels.sort();
        labels.dedup();
        if labels.is_empty() { String::new() } else { format!("for each row of {}, ", labels.join(" and ")) }
    }
}

/// Names an index: its keys where nobody gave it a name.
pub(super) fn name(index: &Index) -> String {
    match (&index.name, index.backs) {
        (Some(name), _) => name.to_string(),
        (None, Some(Backing::PrimaryKey)) => format!("the primary key of {}", index.def.table),
        (None, _) => crate::advice::keys(&index.def),
    }
}

fn entry(index: &Index, why: String) -> ServingEntry {
    ServingEntry { index: name(index), columns: index.def.keys.iter().map(index_column).collect(), why }
}

/// What a pattern searches, joins, sorts or groups by.
fn named(pattern: &AccessPattern) -> Vec<&Expr> {
    let searched = pattern.predicates.iter().map(|predicate| &predicate.key).chain(branch_keys(pattern));
    let joined = pattern.joins.iter().map(|join| &join.key);
    let sorted = pattern.order.iter().map(|order| &order.key);
    searched.chain(joined).chain(sorted).chain(&pattern.group).chain(&pattern.extremum).collect()
}

/// What the branches of ORs test.
fn branch_keys(pattern: &AccessPattern) -> impl Iterator<Item = &Expr> {
    pattern.disjunctions.iter().flat_map(|any| any.branches.iter().flatten()).map(|predicate| &predicate.key)
}

/// How many keys of an index a pattern is about.
fn nearness(def: &IndexDef, named: &[&Expr]) -> usize {
    let about = |key: &Expr| {
        let columns = key.columns();
        named.iter().any(|expr| expr.columns().iter().any(|column| columns.contains(column)))
    };
    def.keys.iter().filter(|key| about(&key.expr)).count()
}
