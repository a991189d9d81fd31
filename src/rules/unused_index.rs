//! Rule `unused-index`; the reader's side of it is `rules/unused-index.md`.

use super::context::SchemaContext;
use super::duplicate_index::{is_dropped_by, told};
use super::findings::Findings;
use super::upkeep::idle;
use crate::finding::{Confidence, Place, Severity};

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    for found in idle(&cx.upkeep(), cx.table) {
        let name = found.name;
        let drops = cx.advice().filter(|advice| is_dropped_by(advice, found.index));
        let report = findings
            .report(Place::Index(found.index.id), told(&found.index.def))
            .message(format!("no extracted query needs `{name}`: {}", found.told()))
            .help(match found.searched.help() {
                Some(more) => format!("drop `{name}` if nothing else needs it; {more}"),
                None => format!("drop `{name}`"),
            })
            .table(&cx.table.name)
            .columns(found.index.def.keys.iter().map(|key| &key.expr))
            .advice(drops.map(|advice| advice.id))
            .proof(found.unneeded.proof.clone())
            .no_surer_than(found.confidence);
        let report = match found.unneeded.instead.filter(|id| cx.table.index(*id).is_some()) {
            Some(instead) => report.related(Place::Index(instead), "the index that does as well"),
            None => report,
        };
        if found.confidence < Confidence::High {
            report.at_most(Severity::Info);
        }
    }
}
