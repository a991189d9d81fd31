//! Rule `like-needs-pattern-ops`; the reader's side of it is `rules/like-needs-pattern-ops.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::served::{self, Served};
use super::words;
use crate::catalog::{Index, Method};
use crate::finding::Place;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (advice, pattern) in cx.advice_of("like-needs-pattern-ops") {
        let Some(table) = cx.table_of(pattern) else { continue };
        let key = &advice.def.keys[0].expr;
        let sorted = |index: &&Index| {
            let lead = &index.def.keys[0];
            lead.expr == *key && lead.opclass.is_none() && index.def.method == Method::Btree
        };
        let sorted = table.usable_indexes().find(sorted);
        let why = match sorted {
            Some(index) => format!("{} is sorted as its collation wants it, not letter by letter", words::index(index)),
            None => "no index is sorted letter by letter".to_owned(),
        };
        let message = format!("`{}` is searched by the first letters of `{key}`, and {why}", pattern.table);
        let served = Served::of(&advice.def, pattern);
        let report = served::report(findings, cx, advice, pattern, &served, message);
        if let Some(index) = sorted {
            report.related(Place::Index(index.id), "sorted by its collation");
        }
    }
}
