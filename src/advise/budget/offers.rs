//! What may be bought for a query: every index that a planner could use for it, whatever it gains.
//!
//! Wider than what [`candidates`](super::super::candidates) proposes: there a guard keeps back what rarely pays, here
//! the price of the workload decides. Nothing that an existing index does already.

use std::collections::BTreeSet;

use crate::catalog::{Direction, IndexDef, IndexKey, Method};
use crate::coverage;
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::name::Ident;
use crate::query::{AccessPattern, Bound, PredicateOp, RefId};
use crate::workload::WorkloadQuery;

use super::super::candidates::WIDTH;
use super::super::keys::{Judge, is_equality, required};
use super::super::operators;
use super::super::stage::Stage;

/// A table of fewer rows fits in a few pages, which any planner reads whole.
const FEWEST_ROWS: f64 = 1_000.0;
/// So many columns are carried along at most, and so great a part of the row: beyond, the table is kept twice.
const MOST_CARRIED: usize = 4;
const LARGEST_PART: f64 = 0.5;

/// How broad an index is: broader ones are looked at beside the narrower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breadth {
    /// One key, or the keys of one order or join.
    Narrow,
    /// A key beside another one.
    Paired,
    /// Everything that a query reads of the table.
    Covering,
}

/// Offers indexes for every reference of a query.
pub(super) fn offers(stage: &Stage<'_>, query: &WorkloadQuery) -> Vec<(IndexDef, Breadth)> {
    let mut found: Vec<(IndexDef, Breadth)> = Vec::new();
    for pattern in &query.shape.patterns {
        let Some(judge) = stage.judge(&pattern.table) else { continue };
        if judge.stats.rows < FEWEST_ROWS {
            continue;
        }
        let grouped = query.shape.references.get(usize::from(pattern.reference.0));
        let grouped = grouped.is_some_and(|one| query.shape.blocks[usize::from(one.block)].grouped);
        let seeds = Seeds::of(&judge, pattern, stage, grouped);
        for (keys, breadth) in seeds.combine() {
            let def = |include: Vec<Ident>| IndexDef {
                table: pattern.table.clone(),
                keys: keys.clone(),
                include,
                predicate: None,
                unique: false,
                method: Method::Btree,
            };
            let carried = carried(&judge, pattern, &keys);
            if keys.iter().any(|key| key.expr.as_column().is_some_and(|column| judge.is_rowid(column))) {
                continue;
            }
            // The one row is found already; what is carried along may still keep it from being read.
            if !finds_one(&judge, &keys) {
                found.push((def(Vec::new()), breadth));
            }
            found.extend(carried.map(|columns| (def(columns), Breadth::Covering)));
        }
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found.retain(|(def, _)| !is_there(stage, def));
    found
}

/// Says whether an index could serve a reference of a query: it leads with what is asked, or holds all that is read.
pub(super) fn may_serve(def: &IndexDef, query: &WorkloadQuery) -> bool {
    query.shape.patterns.iter().filter(|pattern| pattern.table == def.table).any(|pattern| {
        let lead = &def.keys[0].expr;
        let single = pattern.predicates.iter();
        let either = pattern.disjunctions.iter().flat_map(|or| or.branches.iter().flatten());
        single.chain(either).any(|predicate| predicate.key == *lead)
            || pattern.joins.iter().any(|join| join.key == *lead)
            || pattern.order.iter().any(|order| order.key == *lead)
            || pattern.group.iter().chain(&pattern.distinct).chain(&pattern.extremum).any(|key| key == lead)
            || holds(def, &pattern.columns)
    })
}

fn holds(def: &IndexDef, columns: &BTreeSet<Ident>) -> bool {
    let keys: BTreeSet<&Ident> = def.key_columns().chain(&def.include).collect();
    !columns.is_empty() && columns.iter().all(|column| keys.contains(column))
}

/// Says whether keys begin with a whole unique key of the table.
fn finds_one(judge: &Judge<'_>, keys: &[IndexKey]) -> bool {
    let begins = |columns: Vec<&Expr>| {
        !columns.is_empty()
            && columns.len() <= keys.len()
            && columns.iter().all(|column| keys[..columns.len()].iter().any(|key| key.expr == **column))
    };
    let unique = judge.table.usable_indexes().filter(|index| index.def.unique && index.def.predicate.is_none());
    let primary: Vec<Expr> = judge.table.primary_key.iter().cloned().map(Expr::Column).collect();
    begins(primary.iter().collect())
        || unique.into_iter().any(|index| begins(index.def.keys.iter().map(|key| &key.expr).collect()))
}

/// An index that is there does the same.
fn is_there(stage: &Stage<'_>, def: &IndexDef) -> bool {
    let Some(table) = stage.catalog().tables.get(&def.table) else { return true };
    table.usable_indexes().any(|index| coverage::does_all(&index.def, def, stage.target()))
}

/// The columns to carry along so that the table itself need not be read; none where that is too much, or nothing is left.
fn carried(judge: &Judge<'_>, pattern: &AccessPattern, keys: &[IndexKey]) -> Option<Vec<Ident>> {
    let held: BTreeSet<&Ident> = keys.iter().filter_map(|key| key.expr.as_column()).collect();
    if judge.dialect != Dialect::Postgres || held.len() < keys.len() || keys.iter().any(|key| key.opclass.is_some()) {
        return None;
    }
    let rest: Vec<Ident> = pattern.columns.iter().filter(|column| !held.contains(column)).cloned().collect();
    let width = |column: &Ident| Some(judge.stats.columns.get(column)?.avg_width);
    let width: f64 = held.into_iter().chain(&rest).map(width).sum::<Option<f64>>()?;
    let row: f64 = judge.stats.columns.values().map(|column| column.avg_width).sum();
    (!rest.is_empty() && rest.len() <= MOST_CARRIED && width <= row * LARGEST_PART).then_some(rest)
}

/// What one reference is asked by.
#[derive(Debug, Default)]
struct Seeds {
    /// Compared by equality or a list.
    equal: Vec<IndexKey>,
    /// Compared by a range, or by how it begins.
    ranges: Vec<IndexKey>,
    /// Joined by, those to one partner together.
    joins: Vec<(RefId, Vec<IndexKey>)>,
    /// Read in order, grouped by, told apart by.
    lists: Vec<Vec<IndexKey>>,
}

impl Seeds {
    fn of(judge: &Judge<'_>, pattern: &AccessPattern, stage: &Stage<'_>, grouped: bool) -> Self {
        let mut seeds = Self::default();
        let plain = |key: &Expr| judge.key(key).map(|key| IndexKey::new(judge.dialect, key.expr, Direction::Ascending));
        for predicate in required(pattern) {
            let key = plain(&predicate.key);
            match predicate.op {
                _ if is_equality(predicate) || predicate.op == PredicateOp::In => seeds.equal.extend(key),
                PredicateOp::Range(Bound::Lower | Bound::Upper | Bound::Both) => seeds.ranges.extend(key),
                PredicateOp::Prefix if stage.native() && judge.dialect == Dialect::Postgres => {
                    let answering = operators::answering(judge.table, pattern.reference, predicate, &[]);
                    seeds.ranges.extend(answering.into_iter().map(|(_, key)| key));
                }
                _ => {}
            }
        }
        for join in &pattern.joins {
            let Some(key) = plain(&join.key) else { continue };
            match seeds.joins.iter_mut().find(|(other, _)| *other == join.other) {
                Some((_, keys)) => keys.push(key),
                None => seeds.joins.push((join.other, vec![key])),
            }
        }
        let mut list = |keys: Option<Vec<IndexKey>>| {
            seeds.lists.extend(keys.filter(|keys| !keys.is_empty() && keys.len() <= WIDTH));
        };
        list(pattern.group.iter().map(plain).collect());
        list(pattern.distinct.iter().map(plain).collect());
        list(pattern.extremum.iter().map(plain).collect());
        if pattern.order_complete && !grouped {
            let key = |order: &crate::query::OrderKey| {
                let direction = if order.desc { Direction::Descending } else { Direction::Ascending };
                plain(&order.key)?;
                let key = IndexKey::new(judge.dialect, order.key.clone(), direction);
                Some(IndexKey { nulls_first: order.nulls_first, ..key })
            };
            list(pattern.order.iter().map(key).collect());
        }
        for list in [&mut seeds.equal, &mut seeds.ranges] {
            list.sort();
            list.dedup();
        }
        for (_, keys) in &mut seeds.joins {
            keys.sort();
            keys.dedup();
            keys.truncate(WIDTH);
        }
        seeds
    }

    /// The lists of keys that indexes are made of.
    fn combine(&self) -> BTreeSet<(Vec<IndexKey>, Breadth)> {
        let mut found = BTreeSet::new();
        let Self { equal, ranges, joins, lists } = self;
        let mut add = |keys: Vec<&IndexKey>, breadth: Breadth| {
            let distinct: BTreeSet<&Expr> = keys.iter().map(|key| &key.expr).collect();
            if distinct.len() == keys.len() {
                found.insert((keys.into_iter().cloned().collect(), breadth));
            }
        };
        for key in equal.iter().chain(ranges).chain(joins.iter().flat_map(|(_, keys)| keys)) {
            add(vec![key], Breadth::Narrow);
        }
        for list in lists {
            add(list.iter().collect(), Breadth::Narrow);
        }
        for lead in equal {
            for other in equal.iter().chain(ranges) {
                add(vec![lead, other], Breadth::Paired);
            }
            for list in lists.iter().filter(|list| list.len() < WIDTH) {
                add([lead].into_iter().chain(list).collect(), Breadth::Paired);
            }
        }
        for (_, keys) in joins {
            for (at, lead) in keys.iter().enumerate() {
                for other in keys.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other) {
                    add(vec![lead, other], Breadth::Paired);
                }
                for other in equal.iter().chain(ranges) {
                    add(vec![lead, other], Breadth::Paired);
                }
                for other in equal {
                    add(vec![other, lead], Breadth::Paired);
                }
            }
        }
        found
    }
}
