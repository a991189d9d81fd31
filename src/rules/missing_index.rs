//! Rule `missing-index`; the reader's side of it is `rules/missing-index.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::served::{self, Served};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, references) in cx.advice() {
        let Some(pattern) = references.first().and_then(|reference| cx.pattern(*reference)) else { continue };
        let served = Served::of(&advice.def, pattern);
        // Where an index gives an order and nothing else, `sort-not-indexed` speaks.
        if served.is_order_only() {
            continue;
        }
        let told = served.told();
        let message = format!("`{}` is {told} without an index that serves it{}", pattern.table, served.hangs_on());
        served::report(findings, cx, advice, pattern, &served, message);
    }
}
