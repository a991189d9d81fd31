//! How many rows a SELECT block gives before any LIMIT, as far as the statistics model can tell.

use crate::cost;
use crate::query::{AccessPattern, Disjunction, Predicate, PredicateOp, Resolution, Takes};
use crate::stats::ColumnRole;

use super::context::QueryContext;

/// What a block gives.
pub(super) struct Volume<'a> {
    /// The reference of most rows that the answer always has a row of.
    pub most: &'a AccessPattern,
    /// The rows of the answer.
    pub rows: f64,
    /// The conditions, those of its other references included.
    pub conditions: Conditions,
    /// Whether the rows of that table were given, and not assumed.
    pub measured: bool,
}

/// What the conditions of a block leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Conditions {
    /// Every row: there are none, or they only leave out NULLs.
    Everything,
    /// A share that the number of distinct values says: the rows of a status.
    Share,
    /// As much as a call asks for.
    Range,
    /// Everything, if the call switches its conditions off.
    Switched,
    /// Nobody knows: there are lookups by key among them, patterns, or such that are asked of no single table.
    Unknown,
}

/// Says what a block gives; nothing where it has no base table, or one of which no figures are known.
///
/// Joins are taken for those of foreign keys, so that the answer has no more rows than its largest table.
pub(super) fn of_block<'a>(cx: &QueryContext<'a>, block: u16) -> Option<Volume<'a>> {
    let shape = &cx.query.shape;
    let mut share = 1.0;
    let mut conditions = Conditions::Everything;
    let (mut rows, mut most): (f64, Option<(&AccessPattern, f64)>) = (0.0, None);
    for reference in shape.references.iter().filter(|reference| reference.block == block) {
        let pattern = cx.pattern(reference.id)?;
        let stats = cx.stats.table(&pattern.table)?;
        share *= cost::access_selectivity(pattern, Some(stats));
        conditions = conditions.max(conditions_of(cx, pattern));
        rows = stats.rows.max(rows);
        if !reference.nullable_side && most.is_none_or(|(_, rows)| stats.rows > rows) {
            most = Some((pattern, stats.rows));
        }
    }
    let (most, _) = most?;
    let measured = cx.knows_rows(&most.table);
    if shape.blocks.get(usize::from(block)).is_some_and(|block| block.open) {
        conditions = Conditions::Unknown;
    }
    Some(Volume { most, rows: rows * share, conditions, measured })
}

/// Says whether no part of the query comes at run time.
pub(super) fn is_known_whole(cx: &QueryContext<'_>) -> bool {
    cx.senders().all(|sender| sender.site.resolution == Resolution::Resolved)
}

/// Says whether every sender takes all rows of the answer, as far as can be seen, and is no work that is meant to go
/// through all there is.
pub(super) fn is_taken_whole(cx: &QueryContext<'_>) -> bool {
    cx.senders().all(|sender| sender.site.takes == Takes::All && !is_batch(sender.name()))
}

/// Names of work that is meant to go through all there is.
fn is_batch(symbol: &str) -> bool {
    const WORDS: &[&str] =
        &["export", "dump", "backup", "batch", "stream", "iterat", "cursor", "migrat", "reindex", "sync", "report"];
    let symbol = symbol.to_ascii_lowercase();
    WORDS.iter().any(|word| symbol.contains(word))
}

fn conditions_of(cx: &QueryContext<'_>, pattern: &AccessPattern) -> Conditions {
    let of = |predicate: &Predicate| {
        let role = predicate.key.as_column().and_then(|column| cx.stats.column(&pattern.table, column));
        let few = role.is_some_and(|column| matches!(column.role, ColumnRole::StatusLike | ColumnRole::Boolean));
        match predicate.op {
            _ if predicate.optional => Conditions::Switched,
            PredicateOp::Range(_) => Conditions::Range,
            PredicateOp::Null | PredicateOp::NotNull => Conditions::Everything,
            PredicateOp::Eq | PredicateOp::In | PredicateOp::Other if few => Conditions::Share,
            _ => Conditions::Unknown,
        }
    };
    let branches = |any: &Disjunction| match any.branches.iter().flatten().all(|predicate| predicate.optional) {
        true => Conditions::Switched,
        false => Conditions::Unknown,
    };
    let all = pattern.predicates.iter().map(of).chain(pattern.disjunctions.iter().map(branches));
    all.max().unwrap_or(Conditions::Everything)
}
