//! Rule `missing-index`; the reader's side of it is `rules/missing-index.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::served::{self, Served};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, pattern) in cx.advice_of("missing-index") {
        let served = Served::of(&advice.def, pattern);
        let told = served.told();
        let message = format!("`{}` is {told} without an index that serves it{}", pattern.table, served.hangs_on());
        served::report(findings, cx, advice, pattern, &served, message);
    }
}
