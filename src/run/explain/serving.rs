//! What existing indexes are worth to a table reference, in words; [`crate::coverage`] judges.

use crate::catalog::{Backing, Index, IndexDef, Table};
use crate::coverage::{self, Asked, Coverage, Joins, Sort};
use crate::dialect::Target;
use crate::expr::Expr;
use crate::outcome::ServingEntry;
use crate::query::AccessPattern;
use crate::run::entries::index_column;

/// Other indexes that are told of.
const NEAREST: usize = 3;

/// Returns the index that serves a reference best, and the nearest others.
pub(super) fn serving(
    table: &Table,
    pattern: &AccessPattern,
    target: &Target,
) -> (Option<ServingEntry>, Vec<ServingEntry>) {
    let best = coverage::serving(table, pattern, Joins::Bound, target);
    let asked = Asked { access: pattern, branch: &[], joins: Joins::Bound, table: Some(table) };
    let named = named(pattern);
    let mut others: Vec<(usize, &Index, Coverage)> = table
        .usable_indexes()
        .filter(|index| best.as_ref().is_none_or(|best| best.index.id != index.id))
        .map(|index| (nearness(&index.def, &named), index, coverage::judge(&index.def, &asked, target)))
        .filter(|(near, ..)| *near > 0)
        .collect();
    others.sort_by_key(|(near, index, coverage)| (!coverage.serves(), std::cmp::Reverse(*near), index.id));
    others.truncate(NEAREST);
    let best = best.map(|best| entry(best.index, told(&best.coverage, &best.index.def, pattern)));
    let others = others.into_iter().map(|(_, index, coverage)| {
        let why = match coverage.blocked {
            Some(why) => why.explain(&index.def),
            None => format!("would serve too: {}", told(&coverage, &index.def, pattern)),
        };
        entry(index, why)
    });
    (best, others.collect())
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
    let branches = pattern.disjunctions.iter().flat_map(|any| any.branches.iter().flatten());
    let searched = pattern.predicates.iter().chain(branches).map(|predicate| &predicate.key);
    let joined = pattern.joins.iter().map(|join| &join.key);
    let sorted = pattern.order.iter().map(|order| &order.key);
    searched.chain(joined).chain(sorted).chain(&pattern.group).chain(&pattern.extremum).collect()
}

/// How many keys of an index a pattern is about.
fn nearness(def: &IndexDef, named: &[&Expr]) -> usize {
    let about = |key: &Expr| {
        let columns = key.columns();
        named.iter().any(|expr| expr.columns().iter().any(|column| columns.contains(column)))
    };
    def.keys.iter().filter(|key| about(&key.expr)).count()
}

/// ``finds rows by `a`, `b`; gives the order; leaves `c` to be filtered``.
fn told(coverage: &Coverage, def: &IndexDef, pattern: &AccessPattern) -> String {
    let mut parts = Vec::new();
    let bound = usize::from(coverage.equality + coverage.skipped) + usize::from(coverage.range);
    let keys: Vec<String> = def.keys.iter().take(bound).map(|key| format!("`{}`", key.expr)).collect();
    if coverage.single_row {
        parts.push(format!("finds the one row by {}", keys.join(", ")));
    } else if coverage.seeks() {
        let skip = if coverage.skipped > 0 { " by a skip scan" } else { "" };
        parts.push(format!("finds rows by {}{skip}", keys.join(", ")));
    }
    if coverage.special {
        parts.push("answers by its own method".to_owned());
    }
    if coverage.partial {
        parts.push("holds only rows that are wanted".to_owned());
    }
    match coverage.sort {
        Sort::Served(_) => parts.push("gives the order".to_owned()),
        Sort::Partial(keys) => parts.push(format!(
            "gives the order's first {}",
            if keys == 1 { "key".to_owned() } else { format!("{keys} keys") }
        )),
        // One row needs no order.
        Sort::Unserved if !coverage.single_row => parts.push("leaves the order to a sort".to_owned()),
        Sort::Unserved | Sort::NotAsked => {}
    }
    if coverage.grouped {
        parts.push("keeps groups together".to_owned());
    }
    if coverage.covering {
        parts.push("holds every column that is read".to_owned());
    }
    let mut left: Vec<String> = coverage
        .residual(pattern)
        .filter(|predicate| !predicate.optional)
        .map(|predicate| format!("`{}`", predicate.key))
        .collect();
    left.dedup();
    if !left.is_empty() && !coverage.single_row {
        parts.push(format!("leaves {} to be filtered", left.join(", ")));
    }
    parts.join("; ")
}
