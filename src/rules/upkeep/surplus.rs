//! Indexes that another one makes superfluous.
//!
//! What makes one superfluous is decided by `coverage`; here stands only which of the two stays, and which are never
//! called superfluous: those that hold a constraint, those the database does not use, those a query needs for its order.

use crate::catalog::{Index, Table};
use crate::coverage;
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::query::AccessPattern;

use super::Upkeep;
use crate::rules::words;

/// An index too many and the one that does its work.
#[derive(Debug)]
pub(crate) struct Surplus<'a> {
    /// The index too many.
    pub index: &'a Index,
    /// The index that stays.
    pub keeper: &'a Index,
    /// What the one is to the other.
    pub kind: Kind,
}

/// What an index too many is to the one that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The same.
    Duplicate,
    /// Its head.
    Redundant,
}

impl Kind {
    /// Names the rule that tells it.
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate-index",
            Self::Redundant => "redundant-index",
        }
    }
}

impl Surplus<'_> {
    /// Says it in words.
    pub(crate) fn told(&self) -> String {
        let keeper = words::index(self.keeper);
        match self.kind {
            Kind::Duplicate => format!("repeats {keeper}"),
            Kind::Redundant if self.index.def.keys.len() == self.keeper.def.keys.len() => {
                format!("adds nothing to {keeper}, which serves every query that it serves")
            }
            Kind::Redundant => format!("is the head of {keeper}, which serves every query that it serves"),
        }
    }
}

/// Lists a table's indexes that another one makes superfluous; the keeper is never in the list itself.
pub(crate) fn surplus<'a>(upkeep: &Upkeep<'_>, table: &'a Table) -> Vec<Surplus<'a>> {
    let mut stay: Vec<&Index> = table.usable_indexes().collect();
    // The most worth keeping first: whoever comes later is judged against those that stay only.
    stay.sort_by_key(|index| {
        (index.backs.is_none(), !index.def.unique, usize::MAX - index.def.keys.len(), index.place)
    });
    let mut found: Vec<Surplus<'a>> = Vec::new();
    let judged = stay.clone();
    for index in judged.into_iter().rev().filter(|index| may_go(upkeep, table, index)) {
        if let Some((keeper, kind)) = keeper(upkeep, &stay, index)
            && (kind == Kind::Duplicate || !orders_by_row_key(upkeep, table, index))
        {
            stay.retain(|kept| kept.id != index.id);
            found.push(Surplus { index, keeper, kind });
        }
    }
    // A keeper may have gone later, for a better one.
    for surplus in &mut found {
        let stays = |keeper: &Index| stay.iter().any(|kept| kept.id == keeper.id);
        if !stays(surplus.keeper)
            && let Some((better, kind)) = keeper(upkeep, &stay, surplus.index)
        {
            (surplus.keeper, surplus.kind) = (better, kind);
        }
    }
    found.sort_by_key(|surplus| surplus.index.id);
    found
}

/// The index that does the work of another one: rather one that it repeats than one that it is the head of.
fn keeper<'a>(upkeep: &Upkeep<'_>, stay: &[&'a Index], index: &Index) -> Option<(&'a Index, Kind)> {
    let others = stay.iter().filter(|keeper| keeper.id != index.id);
    let keepers = || others.clone().filter_map(|keeper| Some((*keeper, relation(upkeep, keeper, index)?)));
    keepers().find(|(_, kind)| *kind == Kind::Duplicate).or_else(|| keepers().next())
}

fn relation(upkeep: &Upkeep<'_>, keeper: &Index, index: &Index) -> Option<Kind> {
    // A unique index enforces something: only another one over the same keys can stand in.
    let enforces = !index.def.unique || keeper.def.unique;
    if coverage::is_duplicate(&keeper.def, &index.def) {
        return enforces.then_some(Kind::Duplicate);
    }
    coverage::subsumes(&keeper.def, &index.def, upkeep.target).is_ok().then_some(Kind::Redundant)
}

/// Says whether an index may be called superfluous at all.
fn may_go(upkeep: &Upkeep<'_>, table: &Table, index: &Index) -> bool {
    let nameless_or_constraint = index.name.is_none() || index.backs.is_some();
    // MySQL wants an index under every foreign key, and which one it uses is not written down.
    let under_foreign_key = upkeep.target.dialect == Dialect::Mysql
        && table.foreign_keys.iter().any(|key| key.columns.iter().zip(index.def.key_columns()).all(|(a, b)| a == b));
    !nameless_or_constraint && !under_foreign_key && !upkeep.generated.contains(&table.name)
}

/// SQLite and InnoDB store the table's own key behind an index's keys, so `(a)` gives `WHERE a = ? ORDER BY id` its
/// order, and `(a, b)` does not.
fn orders_by_row_key(upkeep: &Upkeep<'_>, table: &Table, index: &Index) -> bool {
    if upkeep.target.dialect == Dialect::Postgres {
        return false;
    }
    let Some(row_key) = table.primary_key.first() else { return false };
    let asks = |pattern: &AccessPattern| {
        let bound = |key: &Expr| pattern.predicates.iter().any(|predicate| predicate.key == *key);
        pattern.order.first().is_some_and(|order| order.key.as_column() == Some(row_key))
            && index.def.keys.iter().all(|key| bound(&key.expr))
    };
    upkeep.uses.orders(&table.name).any(asks)
}
