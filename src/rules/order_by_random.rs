//! Rule `order-by-random`; the reader's side of it is `rules/order-by-random.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::finding::{Confidence, Severity};
use crate::query::{AccessPattern, Clause, ClauseKind};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for clause in cx.query.shape.clauses.iter().filter(|clause| clause.kind == ClauseKind::RandomOrder) {
        let Some(pattern) = sorted_whole(cx, clause) else { continue };
        let known = cx.knows_rows(&pattern.table);
        let kept = if is_filtered(cx, clause) { " that the conditions keep" } else { "" };
        findings
            .report(cx.place_of_clause(clause), clause.text.clone())
            .message(format!(
                "a number is drawn for each row of `{}`{kept}, and all of them are sorted by it",
                pattern.table
            ))
            .help("draw random keys and look up their rows, or sample the table where the database can")
            .table(&pattern.table)
            .at_most(if known { Severity::Warning } else { Severity::Info })
            .no_surer_than(if known { Confidence::High } else { Confidence::Medium });
    }
}

/// Says whether the block has a condition: how many rows it keeps is not known.
fn is_filtered(cx: &QueryContext<'_>, clause: &Clause) -> bool {
    let shape = &cx.query.shape;
    let mut references = shape.references.iter().filter(|reference| reference.block == clause.block);
    let asked = |pattern: &AccessPattern| !pattern.predicates.is_empty() || !pattern.disjunctions.is_empty();
    shape.blocks.get(usize::from(clause.block)).is_some_and(|block| block.open)
        || references.any(|reference| cx.pattern(reference.id).is_some_and(asked))
}

/// Finds the largest table of the block, unless a condition leaves few of the block's rows or it is grouped.
fn sorted_whole<'a>(cx: &QueryContext<'a>, clause: &Clause) -> Option<&'a AccessPattern> {
    let block = cx.query.shape.blocks.get(usize::from(clause.block))?;
    let references = cx.query.shape.references.iter().filter(|reference| reference.block == clause.block);
    let patterns: Vec<&AccessPattern> = references.filter_map(|reference| cx.pattern(reference.id)).collect();
    if block.grouped || block.aggregated || patterns.iter().any(|pattern| cx.is_narrowed(pattern)) {
        return None;
    }
    let rows = |pattern: &AccessPattern| cx.rows(&pattern.table).unwrap_or(0.0);
    let read = patterns.into_iter().filter(|pattern| !cx.is_small(&pattern.table));
    read.max_by(|one, other| rows(one).total_cmp(&rows(other)))
}
