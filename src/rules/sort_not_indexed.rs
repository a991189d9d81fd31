//! Rule `sort-not-indexed`; the reader's side of it is `rules/sort-not-indexed.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::subject;
use super::served::{self, Served};
use crate::query::Limit;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, references) in cx.advice() {
        let Some(pattern) = references.first().and_then(|reference| cx.pattern(*reference)) else { continue };
        let served = Served::of(&advice.def, pattern);
        if !served.is_order_only() {
            continue;
        }
        let wanted = match pattern.limit {
            Some(Limit::Rows(1)) => " to return the first".to_owned(),
            Some(Limit::Rows(rows)) => format!(" to return the first {rows}"),
            Some(Limit::Param) => " to return the first few".to_owned(),
            None => String::new(),
        };
        let (severity, confidence) = served::strength(cx, &served);
        findings
            .report(served::place(cx, &advice.def, pattern), subject::access(pattern))
            .message(format!(
                "`{}` is {} without an index, so that every row is read{wanted}",
                pattern.table,
                served.told()
            ))
            .help(served::help(&advice.def))
            .table(&pattern.table)
            .columns(&served.keys)
            .advice([advice.id])
            .proof(cx.proof().cloned())
            .at_most(severity)
            .no_surer_than(confidence);
    }
}
