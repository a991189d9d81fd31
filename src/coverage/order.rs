//! Whether rows read along a b-tree come in the order, or in the groups, that an access asks for.

use crate::catalog::{IndexDef, IndexKey};
use crate::dialect::{Dialect, Target};
use crate::expr::Expr;
use crate::query::{JoinKey, OrderKey, Predicate, PredicateOp, Value};

use super::binding::{collation_matches, compares, is_pattern_class, said_of};
use super::{Asked, Coverage, Joins, Scan, Sort, restarts_block};

/// Fills in what becomes of the order and the groups.
pub(super) fn judge(index: &IndexDef, asked: &Asked<'_>, target: &Target, coverage: &mut Coverage) {
    let access = asked.access;
    if coverage.sort != Sort::NotAsked {
        coverage.sort = match &access.extremum {
            _ if coverage.single_row => Sort::Served(Scan::Forward),
            Some(key) if access.order.is_empty() => extremum(Keys::of(index, asked, target, coverage), key),
            _ => sort(Keys::of(index, asked, target, coverage), asked),
        };
    }
    let groups = if access.group.is_empty() { &access.distinct } else { &access.group };
    coverage.grouped = !groups.is_empty() && comes_grouped(&Keys::of(index, asked, target, coverage), groups);
}

/// Says whether an order is asked for that equalities alone do not give.
pub(super) fn is_asked(asked: &Asked<'_>, target: &Target) -> bool {
    let access = asked.access;
    access.extremum.is_some()
        || (!access.order.is_empty() && !access.order_complete)
        || access.order.iter().any(|wanted| !is_pinned(&wanted.key, asked, target))
}

fn sort(mut keys: Keys<'_>, asked: &Asked<'_>) -> Sort {
    let access = asked.access;
    let mut scan = None;
    let mut by_index = 0;
    let mut served = 0;
    for wanted in &access.order {
        if !is_pinned(&wanted.key, asked, keys.target) {
            let Some(key) = keys.next_for(&wanted.key) else { break };
            let Some(way) = direction(key, wanted) else { break };
            if *scan.get_or_insert(way) != way {
                break;
            }
            by_index += 1;
        }
        served += 1;
    }
    match scan {
        _ if served == access.order.len() && access.order_complete => Sort::Served(scan.unwrap_or(Scan::Forward)),
        Some(_) if by_index > 0 => Sort::Partial(served as u16),
        _ => Sort::Unserved,
    }
}

/// `min(c)` and `max(c)` read one end of the index.
fn extremum(mut keys: Keys<'_>, wanted: &Expr) -> Sort {
    match keys.next_for(wanted) {
        Some(_) => Sort::Served(Scan::Forward),
        None => Sort::Unserved,
    }
}

/// Rows of one group stand together if the group's keys, in any sequence, are the keys after those that are pinned.
fn comes_grouped(keys: &Keys<'_>, groups: &[Expr]) -> bool {
    let free = groups.iter().filter(|group| !is_pinned(group, keys.asked, keys.target)).count();
    let mut found = 0;
    for (at, key) in keys.keys.iter().enumerate() {
        if found == free {
            break;
        }
        if keys.is_passed(at, key) {
            continue;
        }
        let again = keys.keys[..at].iter().any(|earlier| earlier.expr == key.expr);
        let wanted = |group| compares(key, group) && orders(key, group, keys.asked, keys.target);
        if again || !groups.iter().any(wanted) {
            return false;
        }
        found += 1;
    }
    free > 0 && found == free
}

/// The keys of an index, and how far they are used up.
struct Keys<'a> {
    keys: &'a [IndexKey],
    next: usize,
    /// How many of them equalities seek.
    sought: usize,
    asked: &'a Asked<'a>,
    target: &'a Target,
}

impl<'a> Keys<'a> {
    fn of(index: &'a IndexDef, asked: &'a Asked<'a>, target: &'a Target, coverage: &Coverage) -> Self {
        Self { keys: &index.keys, next: 0, sought: usize::from(coverage.equality), asked, target }
    }

    /// Takes the next key if it is the one wanted; keys of one value may stand before it.
    fn next_for(&mut self, wanted: &Expr) -> Option<&'a IndexKey> {
        while let Some(key) = self.keys.get(self.next) {
            let at = self.next;
            self.next += 1;
            if compares(key, wanted) {
                return orders(key, wanted, self.asked, self.target).then_some(key);
            }
            if !self.is_passed(at, key) {
                return None;
            }
        }
        None
    }

    /// Says whether the planner knows that a key has one value; SQLite does of the keys that it seeks only.
    fn is_passed(&self, at: usize, key: &IndexKey) -> bool {
        (at < self.sought || self.target.dialect != Dialect::Sqlite) && is_pinned_key(key, self.asked, self.target)
    }
}

/// Says whether the key is kept in the order that sorting by `wanted` means.
fn orders(key: &IndexKey, wanted: &Expr, asked: &Asked<'_>, target: &Target) -> bool {
    !is_pattern_class(key) && key.prefix.is_none() && collation_matches(key, wanted, None, asked, target)
}

fn direction(key: &IndexKey, wanted: &OrderKey) -> Option<Scan> {
    let (same, nulls_same) = (key.desc == wanted.desc, key.nulls_first == wanted.nulls_first);
    match (same, nulls_same) {
        (true, true) => Some(Scan::Forward),
        (false, false) => Some(Scan::Backward),
        _ => None,
    }
}

/// Says whether an expression has one value throughout a run of the reference's block; a list of values is not one, nor
/// is what a comparison under another collation leaves.
fn is_pinned(expr: &Expr, asked: &Asked<'_>, target: &Target) -> bool {
    let pins = |predicate: &Predicate| {
        predicate.key == *expr && is_one(predicate, target) && said_of(&predicate.condition).is_none()
    };
    asked.predicates().any(|(_, predicate)| pins(predicate)) || is_pinned_by_join(expr, asked)
}

/// Says whether a key of an index has one value throughout, as the index compares values.
fn is_pinned_key(key: &IndexKey, asked: &Asked<'_>, target: &Target) -> bool {
    let same =
        |predicate: &Predicate| collation_matches(key, &predicate.key, said_of(&predicate.condition), asked, target);
    asked
        .predicates()
        .any(|(_, predicate)| compares(key, &predicate.key) && is_one(predicate, target) && same(predicate))
        || is_pinned_by_join(&key.expr, asked)
}

/// Says whether a predicate leaves one value; PostgreSQL makes no use of that where the value is NULL.
fn is_one(predicate: &Predicate, target: &Target) -> bool {
    match (&predicate.op, &predicate.value) {
        (PredicateOp::Eq, _) => true,
        (PredicateOp::Null, _) => target.dialect != Dialect::Postgres,
        (PredicateOp::In, Value::Literals(literals)) => literals.len() == 1,
        _ => false,
    }
}

fn is_pinned_by_join(expr: &Expr, asked: &Asked<'_>) -> bool {
    let pins = |join: &JoinKey| restarts_block(join.kind) && join.key == *expr;
    asked.joins == Joins::Bound && asked.access.joins.iter().any(pins)
}
