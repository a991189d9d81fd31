//! Rule `composite-leading-skipped`; the reader's side of it is `rules/composite-leading-skipped.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::served::{self, Served};
use super::words;
use crate::coverage::Behind;
use crate::finding::Place;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, pattern) in cx.advice_of("composite-leading-skipped") {
        let Some(Behind { index, unbound }) = cx.asking().behind(&advice.def, pattern) else { continue };
        let served = Served::of(&advice.def, pattern);
        let (name, leads) = (words::index(index), words::list(&unbound, "and"));
        let message = format!(
            "`{}` is {}, which {name} holds behind {leads}: that is not compared{}",
            pattern.table,
            served.told(),
            served.hangs_on()
        );
        served::report(findings, cx, advice, pattern, &served, message)
            .related(Place::Index(index.id), format!("leads with {leads}"));
    }
}
