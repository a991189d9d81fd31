//! Foreign keys whose columns no index finds, and what needs one.
//!
//! Deleting a referenced row makes the database look for the rows that refer to it; without an index it reads the
//! whole referencing table, once for every row deleted.

use crate::catalog::{ForeignKey, IndexDef, ReferentialAction, Table};
use crate::coverage;
use crate::dialect::Dialect;
use crate::query::AccessPattern;

use super::Upkeep;

/// Rows found by the head of an index that are few enough to be checked one by one.
const FEW_ROWS: f64 = 100.0;

/// A foreign key without an index.
#[derive(Debug)]
pub(crate) struct Unindexed<'a> {
    /// Its position in the table.
    pub position: usize,
    /// The key.
    pub key: &'a ForeignKey,
    /// What needs an index.
    pub need: Need,
    table: &'a Table,
}

/// What needs an index under a foreign key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A query deletes rows of the referenced table.
    Delete,
    /// The key deletes or changes the referencing rows, so referenced rows are meant to be deleted.
    Action(ReferentialAction),
    /// Nothing that can be seen.
    Unseen,
}

impl Need {
    /// Says whether something that can be seen needs the index.
    pub(crate) fn is_shown(self) -> bool {
        self != Self::Unseen
    }

    /// Says in words what reads the table.
    pub(crate) fn told(self, key: &ForeignKey) -> String {
        let parent = &key.to;
        match self {
            Self::Delete => format!("a query deletes from `{parent}`, which looks for the rows that refer to it"),
            Self::Action(ReferentialAction::Cascade) => {
                format!("deleting from `{parent}` deletes the rows that refer to it, and has to find them")
            }
            Self::Action(_) => {
                format!("deleting from `{parent}` changes the rows that refer to it, and has to find them")
            }
            Self::Unseen => format!("deleting from `{parent}`, or joining from it, reads every row"),
        }
    }
}

impl Unindexed<'_> {
    /// The index that would serve the key.
    pub(crate) fn index(&self, dialect: Dialect) -> IndexDef {
        IndexDef::btree(dialect, self.table.name.clone(), self.key.columns.iter().cloned())
    }
}

/// Lists a table's foreign keys that no index serves, one for each set of columns.
pub(crate) fn unindexed<'a>(upkeep: &Upkeep<'_>, table: &'a Table) -> Vec<Unindexed<'a>> {
    let stats = upkeep.stats.table(&table.name);
    let small = stats.is_some_and(|stats| stats.rows < upkeep.limits.min_rows);
    // MySQL makes an index under every foreign key itself; a partition's keys are its parent's.
    if small || upkeep.target.dialect == Dialect::Mysql || table.parent.is_some() {
        return Vec::new();
    }
    let mut found: Vec<Unindexed<'a>> = Vec::new();
    for (position, key) in table.foreign_keys.iter().enumerate() {
        let repeated = found.iter().any(|other| other.key.columns == key.columns);
        if !repeated && !key.columns.is_empty() && !is_served(upkeep, table, key) {
            found.push(Unindexed { position, key, need: need(upkeep, key), table });
        }
    }
    found
}

fn need(upkeep: &Upkeep<'_>, key: &ForeignKey) -> Need {
    // How often the table is read for it is bounded by the rows there are to delete.
    let few = upkeep.stats.table(&key.to).is_some_and(|stats| stats.rows < upkeep.limits.min_rows);
    match key.on_delete {
        _ if few => Need::Unseen,
        _ if upkeep.uses.deleted.contains(&key.to) => Need::Delete,
        ReferentialAction::Refuse => Need::Unseen,
        // Rows that are marked as deleted stay.
        _ if upkeep.uses.marked.contains(&key.to) => Need::Unseen,
        action => Need::Action(action),
    }
}

/// Says whether an index finds the referring rows, all of them by key or few enough of them by its head.
fn is_served(upkeep: &Upkeep<'_>, table: &Table, key: &ForeignKey) -> bool {
    let rows = upkeep.stats.table(&table.name).map_or(f64::INFINITY, |stats| stats.rows);
    let distinct = |column| upkeep.stats.column(&table.name, column).map_or(1.0, |stats| stats.n_distinct);
    // What the database asks of the table when a referenced row goes.
    let access = AccessPattern::by_columns(table.name.clone(), &key.columns);
    table.usable_indexes().any(|index| {
        let coverage = coverage::covers(&index.def, &access, upkeep.target);
        let bound = usize::from(coverage.equality);
        let found = index.def.key_columns().take(bound).fold(rows, |rows, column| rows / distinct(column).max(1.0));
        bound == key.columns.len() || (bound > 0 && found <= FEW_ROWS)
    })
}
