//! What is written to each table, in the unit of the workload's weights.
//!
//! From what the server counted where that is of the same time as the weights, else from the statements that write and
//! their weights. Pure; what an index costs because of it, [`crate::cost::upkeep`] says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cost::{access_selectivity, distinct};
use crate::name::{Ident, QName};
use crate::query::{AccessPattern, Limit, StatementKind};
use crate::snapshot::ActivityFigures;
use crate::stats::{StatsModel, TableStats};
use crate::workload::WorkloadQuery;

/// What is written to a table; rows in the unit of the weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Writes {
    /// Rows that are added.
    pub inserted: f64,
    /// Rows that are changed.
    pub updated: f64,
    /// Rows that are removed.
    pub deleted: f64,
    /// Rows that get another value of a column, as the code's statements have it, by column; never more than `updated`.
    pub set: BTreeMap<Ident, f64>,
    /// The fraction of the changed rows that no index was told of (heap-only tuples), where it was counted.
    pub hot_share: Option<f64>,
}

/// Says what is written to every table that anything is written to.
///
/// `counted` is what the server counted, and only of the time that the weights are of; else it is empty.
pub fn writes(
    workload: &[WorkloadQuery],
    stats: &StatsModel,
    counted: &BTreeMap<QName, ActivityFigures>,
) -> BTreeMap<QName, Writes> {
    let mut found = by_statements(workload, stats);
    for (table, activity) in counted {
        let writes = found.entry(table.clone()).or_default();
        let updated = activity.updated as f64;
        // Which columns are set only the statements tell: their parts hold of what was counted.
        let scale = if writes.updated > 0.0 { updated / writes.updated } else { 0.0 };
        writes.set.values_mut().for_each(|rows| *rows *= scale);
        let share = |hot: u64| (updated > 0.0).then(|| (hot as f64 / updated).clamp(0.0, 1.0));
        writes.hot_share = activity.hot_updated.and_then(share);
        (writes.inserted, writes.updated, writes.deleted) =
            (activity.inserted as f64, updated, activity.deleted as f64);
    }
    found
}

fn by_statements(workload: &[WorkloadQuery], stats: &StatsModel) -> BTreeMap<QName, Writes> {
    let mut found: BTreeMap<QName, Writes> = BTreeMap::new();
    for query in workload.iter().filter(|query| query.weight > 0.0) {
        for (reference, pattern) in query.shape.references.iter().zip(&query.shape.patterns) {
            let Some(kind) = reference.written else { continue };
            let rows = query.weight * rows(kind, pattern, stats.table(&reference.table));
            let writes = found.entry(reference.table.clone()).or_default();
            let updated = match kind {
                StatementKind::Update => rows,
                // What may do either does each half of the time.
                StatementKind::Insert | StatementKind::Merge if !reference.set.is_empty() => rows / 2.0,
                _ => 0.0,
            };
            writes.updated += updated;
            match kind {
                StatementKind::Insert | StatementKind::Merge => writes.inserted += rows - updated,
                StatementKind::Delete => writes.deleted += rows,
                StatementKind::Update | StatementKind::Select => {}
            }
            for column in &reference.set {
                *writes.set.entry(column.clone()).or_default() += updated;
            }
        }
    }
    found
}

/// How many rows one run of a statement writes: one for an INSERT, whatever its list holds.
fn rows(kind: StatementKind, pattern: &AccessPattern, stats: Option<&TableStats>) -> f64 {
    let (StatementKind::Update | StatementKind::Delete, Some(table)) = (kind, stats) else { return 1.0 };
    // Of what is joined, one row is looked for at a time.
    let joined = pattern.joins.iter().map(|join| 1.0 / distinct(&join.key, stats).0.max(1.0)).fold(1.0, f64::min);
    let rows = (table.rows * access_selectivity(pattern, stats) * joined).max(1.0);
    match pattern.limit {
        Some(Limit::Rows(limit)) => rows.min(limit as f64),
        _ => rows,
    }
}

#[cfg(test)]
mod tests;
