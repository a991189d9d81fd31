//! Rule `full-table-scan`; the reader's side of it is `rules/full-table-scan.md`.

use super::context::PlanContext;
use super::findings::Findings;
use super::unindexable_predicate::hidden;
use crate::advice::{Trial, Verdict};
use crate::catalog::{Method, Table};
use crate::dialect::Dialect;
use crate::expr::{Expr, Op};
use crate::finding::{Confidence, Severity};
use crate::plan::{Access, PlanOp};
use crate::query::{AccessPattern, Predicate, PredicateOp};
use crate::stats::ColumnRole;

pub(super) fn check(cx: &PlanContext<'_>, findings: &mut Findings) {
    cx.plan.root.walk(&mut |step| {
        let PlanOp::Scan { reference, access: Access::FullTable, filtered: true } = &step.op else { return };
        let Some(pattern) = cx.pattern(*reference) else { return };
        if cx.is_small(&pattern.table) || speaks_elsewhere(cx, pattern) {
            return;
        }
        let Some((why, what_to_do)) = why(cx, pattern) else { return };
        // A few thousand rows read whole are nobody's worry: only a row count that was given makes this one.
        let known = cx.knows_rows(&pattern.table);
        findings
            .report(cx.place_of(*reference), pattern.asked())
            .message(format!("every row of `{}` is read to answer a filtered query: {why}", pattern.table))
            .help(what_to_do)
            .table(&pattern.table)
            .columns(pattern.predicates.iter().map(|predicate| &predicate.key))
            .proof(cx.proof_of_plan())
            .at_most(if known { Severity::Warning } else { Severity::Info })
            .no_surer_than(if known { cx.plan_confidence() } else { Confidence::Medium });
    });
}

/// Says whether an index helps, another rule speaks, an index of another method may serve in production, or candidates
/// were planned and gained too little: then the scan is the planner's own choice.
fn speaks_elsewhere(cx: &PlanContext<'_>, pattern: &AccessPattern) -> bool {
    let planned = |trial: &Trial| !matches!(trial.verdict, Verdict::Guard(_) | Verdict::Refused(_));
    let asked: Vec<_> = pattern.predicates.iter().flat_map(|predicate| predicate.key.columns()).collect();
    let special = cx.table_of(pattern).is_some_and(|table| {
        table.usable_indexes().any(|index| {
            matches!(index.def.method, Method::Other(_))
                && index.def.keys.iter().any(|key| key.expr.columns().iter().any(|column| asked.contains(column)))
        })
    });
    special
        || cx.index_for(pattern.reference).is_some()
        || cx.tried(pattern.reference).any(planned)
        || !hidden(cx, pattern).is_empty()
}

/// Why no index can be searched, and what to do.
type Why = (String, &'static str);

/// Says why no index can be searched; nothing where the reason is not clear.
fn why(cx: &PlanContext<'_>, pattern: &AccessPattern) -> Option<Why> {
    let (optional, required): (Vec<&Predicate>, Vec<&Predicate>) =
        pattern.predicates.iter().partition(|predicate| predicate.optional);
    let helps =
        |predicate: &&&Predicate| leads_an_index(cx, pattern, &predicate.key) || is_selective(cx, pattern, predicate);
    // The other databases plan with the values at hand, and a switch that is off is gone by then.
    let plans_once = cx.target.dialect == Dialect::Sqlite;
    if let Some(switched) = optional.iter().find(helps).filter(|_| required.is_empty() && plans_once) {
        let why =
            format!("the condition on `{}` stands behind a run-time switch, so no plan may rely on it", switched.key);
        return Some((why, "send a query of its own for each case"));
    }
    // What an index could search and is not advised was refused by a guard, for reasons of size or of few values.
    if required.iter().any(|predicate| predicate.op != PredicateOp::Other) {
        return None;
    }
    required.iter().find_map(|predicate| operator(predicate))
}

/// Of LIKE `leading-wildcard-like` speaks.
fn operator(predicate: &Predicate) -> Option<Why> {
    let Expr::Op { op: Op::Other(symbol), .. } = &predicate.condition else { return None };
    if !SPECIAL.contains(&symbol.to_ascii_lowercase().as_str()) {
        return None;
    }
    let why = format!("`{symbol}` on `{}` is answered by no b-tree", predicate.key);
    Some((why, "give it an index of a method that answers the operator, if the database has one"))
}

/// Operators that find few rows and that only indexes of their own methods answer.
const SPECIAL: [&str; 12] = ["~", "~*", "@>", "<@", "&&", "?", "?|", "?&", "@@", "regexp", "rlike", "similar to"];

fn leads_an_index(cx: &PlanContext<'_>, pattern: &AccessPattern, key: &Expr) -> bool {
    let leads = |table: &Table| table.usable_indexes().any(|index| index.def.keys[0].expr == *key);
    cx.table_of(pattern).is_some_and(leads)
}

/// Says whether a query of its own would find few rows by the condition.
fn is_selective(cx: &PlanContext<'_>, pattern: &AccessPattern, predicate: &Predicate) -> bool {
    let stats = predicate.key.as_column().and_then(|column| cx.stats.column(&pattern.table, column));
    predicate.op == PredicateOp::Eq
        && stats
            .is_some_and(|stats| matches!(stats.role, ColumnRole::Key | ColumnRole::Reference | ColumnRole::ManyValued))
}
