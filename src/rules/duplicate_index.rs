//! Rule `duplicate-index`; the reader's side of it is `rules/duplicate-index.md`.

use super::context::SchemaContext;
use super::findings::Findings;
use super::upkeep::{Kind, surplus};
use crate::advice::Action;
use crate::catalog::{Index, IndexDef};
use crate::finding::Place;

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    report(cx, Kind::Duplicate, findings);
}

/// Reports every superfluous index of one kind; `redundant-index` is the other.
pub(super) fn report(cx: &SchemaContext<'_>, kind: Kind, findings: &mut Findings) {
    for found in surplus(&cx.upkeep(), cx.table).into_iter().filter(|found| found.kind == kind) {
        let Some(name) = &found.index.name else { continue };
        let drops = cx.advice().filter(|advice| is_dropped_by(advice, found.index));
        findings
            .report(Place::Index(found.index.id), format!("{} < {}", told(&found.index.def), told(&found.keeper.def)))
            .message(format!("`{name}` {}", found.told()))
            .help(format!("drop `{name}`"))
            .table(&cx.table.name)
            .columns(found.index.def.keys.iter().map(|key| &key.expr))
            .related(Place::Index(found.keeper.id), "the index that stays")
            .advice(drops.map(|advice| advice.id));
    }
}

/// Says whether a change takes an index away.
pub(super) fn is_dropped_by(advice: &crate::advice::IndexAdvice, index: &Index) -> bool {
    let Some(name) = &index.name else { return false };
    advice.def.table == index.def.table
        && match advice.action {
            Action::Drop => advice.name == *name,
            Action::Create | Action::Replace => advice.replaces.iter().any(|replaced| replaced.name == *name),
        }
}

/// An index definition without its name, for the fingerprint.
pub(super) fn told(def: &IndexDef) -> String {
    let keys: Vec<String> = def
        .keys
        .iter()
        .map(|key| format!("{} {} {} {:?} {:?}", key.expr, key.desc, key.nulls_first, key.opclass, key.collation))
        .collect();
    let predicate = def.predicate.as_ref().map(ToString::to_string);
    format!("{:?} ({}) {:?} {predicate:?} {}", def.method, keys.join(", "), def.include, def.unique)
}
