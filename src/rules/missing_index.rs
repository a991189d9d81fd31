//! Rule `missing-index`; the reader's side of it is `rules/missing-index.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::subject;
use super::served::{self, Served};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, references) in cx.advice() {
        let Some(pattern) = references.first().and_then(|reference| cx.pattern(*reference)) else { continue };
        let served = Served::of(&advice.def, pattern);
        // Where an index gives an order and nothing else, `sort-not-indexed` speaks.
        if served.is_order_only() {
            continue;
        }
        let (severity, confidence) = served::strength(cx, &served);
        findings
            .report(served::place(cx, &advice.def, pattern), subject::access(pattern))
            .message(format!("`{}` is {} without an index that serves it{}", pattern.table, served.told(), served.hangs_on()))
            .help(served::help(&advice.def))
            .table(&pattern.table)
            .columns(&served.keys)
            .advice([advice.id])
            .proof(cx.proof().cloned())
            .at_most(severity)
            .no_surer_than(confidence);
    }
}
