//! Rule `sort-not-indexed`; the reader's side of it is `rules/sort-not-indexed.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::served::{self, Served};
use crate::query::Limit;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, pattern) in cx.advice_of("sort-not-indexed") {
        let served = Served::of(&advice.def, pattern);
        let wanted = match pattern.limit {
            Some(Limit::Rows(1)) => " to return the first".to_owned(),
            Some(Limit::Rows(rows)) => format!(" to return the first {rows}"),
            Some(Limit::Param) => " to return the first few".to_owned(),
            None => String::new(),
        };
        let told = served.told();
        let message = format!("`{}` is {told} without an index, so that every row is read{wanted}", pattern.table);
        served::report(findings, cx, advice, pattern, &served, message);
    }
}
