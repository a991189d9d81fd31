//! Which queries are judged beside those that are to be explained.
//!
//! What is advised for a table is a set for all that is asked of it, so these are the queries on the same tables. The
//! rows that are assumed were told from all queries before.

use std::collections::BTreeSet;

use crate::name::QName;
use crate::query::SiteId;
use crate::run::analysis::{Analysis, Database};
use crate::workload::{QueryId, WorkloadQuery};

/// Leaves the queries that read a table which a chosen one reads, numbered anew.
pub(in crate::run) fn narrow(analysis: &mut Analysis) {
    for database in &mut analysis.databases {
        narrow_one(database, &analysis.chosen);
    }
}

fn narrow_one(database: &mut Database, chosen: &BTreeSet<SiteId>) {
    let is_chosen = |query: &WorkloadQuery| query.senders.iter().any(|sender| chosen.contains(&sender.site));
    let read: BTreeSet<QName> =
        database.workload.iter().filter(|query| is_chosen(query)).flat_map(tables).cloned().collect();
    let workload = std::mem::take(&mut database.workload).into_iter().zip(std::mem::take(&mut database.ranges));
    let stays = |query: &WorkloadQuery| is_chosen(query) || tables(query).any(|table| read.contains(table));
    (database.workload, database.ranges) = workload.filter(|(query, _)| stays(query)).unzip();
    for (number, query) in (0..).zip(&mut database.workload) {
        query.id = QueryId(number);
    }
}

/// The tables that a query reads, those behind views included.
fn tables(query: &WorkloadQuery) -> impl Iterator<Item = &QName> {
    query.shape.references.iter().map(|reference| &reference.table).chain(&query.engine.references)
}
