//! Rule `excessive-composite`; the reader's side of it is `rules/excessive-composite.md`.

use super::context::SchemaContext;
use super::duplicate_index::{is_dropped_by, told};
use super::findings::Findings;
use super::upkeep::long;
use super::words;
use crate::finding::Place;

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    for found in long(&cx.upkeep(), cx.table) {
        let (name, shorter) = (found.name, &found.shortened.def);
        let makes = cx.advice().filter(|advice| advice.def == *shorter && is_dropped_by(advice, found.index));
        let keys = words::list(shorter.keys.iter().map(|key| &key.expr), "and");
        findings
            .report(Place::Index(found.index.id), format!("{} > {}", told(&found.index.def), told(shorter)))
            .message(format!("`{name}` {}", found.told()))
            .help(format!("create it on {keys} alone, and drop `{name}`, if nothing else needs the rest"))
            .table(&cx.table.name)
            .columns(found.index.def.keys.iter().map(|key| &key.expr))
            .advice(makes.map(|advice| advice.id))
            .proof(found.shortened.proof.clone())
            .no_surer_than(found.confidence);
    }
}
