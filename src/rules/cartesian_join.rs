//! Rule `cartesian-join`; the reader's side of it is `rules/cartesian-join.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::finding::Confidence;
use crate::query::{Clause, ClauseKind, PredicateOp, RefId};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for clause in &cx.query.shape.clauses {
        let ClauseKind::Apart(groups) = &clause.kind else { continue };
        let large: Vec<&Vec<RefId>> = groups.iter().filter(|group| !gives_few_rows(cx, group)).collect();
        let [first, second, ..] = &large[..] else { continue };
        // The same value on both sides is a way to join them: `a.tenant = $1 AND b.tenant = $1`.
        if large.iter().all(|group| is_pinned(cx, group)) {
            continue;
        }
        let plain = [first, second].iter().all(|group| is_plain(cx, clause, group));
        let (Some(one), Some(other)) = (first.first(), second.first()) else { continue };
        let [left, right] = [one, other].map(|reference| &cx.query.shape.references[usize::from(reference.0)]);
        findings
            .report(cx.place_of(*other), clause.text.clone())
            .message(format!("every row of `{}` is paired with every row of `{}`", left.label, right.label))
            .help("add the condition that joins them; where every pair is meant, `CROSS JOIN` says so")
            .related(cx.place_of(*one), "paired with every row of this")
            .table(&right.table)
            .no_surer_than(if plain { Confidence::High } else { Confidence::Medium });
    }
}

/// Says whether a group is made of small tables and of rows looked up by a unique key.
fn gives_few_rows(cx: &QueryContext<'_>, group: &[RefId]) -> bool {
    let few = |reference: &RefId| {
        cx.pattern(*reference).is_some_and(|pattern| cx.is_small(&pattern.table) || cx.is_one_row(pattern))
    };
    group.iter().all(few)
}

/// Says whether a condition with a value of the text or a parameter holds a group down.
fn is_pinned(cx: &QueryContext<'_>, group: &[RefId]) -> bool {
    group.iter().filter_map(|reference| cx.pattern(*reference)).any(|pattern| {
        pattern.predicates.iter().any(|predicate| matches!(predicate.op, PredicateOp::Eq | PredicateOp::In))
    })
}

/// Says whether a group is made of tables alone: what a subquery gives may be less than it seems.
fn is_plain(cx: &QueryContext<'_>, clause: &Clause, group: &[RefId]) -> bool {
    group.iter().all(|reference| {
        let reference = &cx.query.shape.references[usize::from(reference.0)];
        reference.block == clause.block && reference.via_view.is_none()
    })
}
