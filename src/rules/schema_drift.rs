//! Rule `schema-drift`; the reader's side of it is `rules/schema-drift.md`.

use super::context::SchemaContext;
use super::findings::Findings;
use crate::catalog::{Index, OtherSchema};
use crate::coverage::Drift;
use crate::finding::Place;

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    for other in cx.input.others {
        let Some(theirs) = other.catalog.table(&cx.table.name) else { continue };
        if cx.doubtful.contains(&cx.table.name) || other.doubtful.contains(&theirs.name) {
            continue;
        }
        let drift = Drift::of(cx.table, theirs, &cx.target);
        if !drift.is_empty() {
            report(cx, other, &drift, findings);
        }
    }
}

fn report(cx: &SchemaContext<'_>, other: &OtherSchema, drift: &Drift<'_>, findings: &mut Findings) {
    let (table, source) = (&cx.table.name, cx.source);
    let told = |indexes: &[&Index]| indexes.iter().map(|index| definition(index)).collect::<Vec<_>>();
    let (here, there) = (told(&drift.here), told(&drift.there));
    let only = |source: &str, indexes: &[String]| match indexes {
        [] => None,
        indexes => Some(format!("only the {source} have {}", indexes.join(" and "))),
    };
    let seen = [only(source, &here), only(&other.source, &there)].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let keys = drift.here.iter().chain(&drift.there).flat_map(|index| &index.def.keys);
    let mut report = findings
        .report(Place::Table(table.clone()), format!("{} < {}", here.join(" "), there.join(" ")))
        .message(format!("the {source} and the {} disagree on the indexes of `{table}`: {seen}", other.source))
        .help(format!("make them agree: the {source} were taken for the database, and what they lack was missed"))
        .table(table)
        .columns(keys.map(|key| &key.expr));
    for index in &drift.here {
        report = report.related(Place::Index(index.id), format!("only in the {source}"));
    }
    for index in &drift.there {
        report = report.related(Place::Host(index.place), format!("only in the {}", other.source));
    }
}

/// An index without its name.
fn definition(index: &Index) -> String {
    let keys = index.def.keys.iter().map(|key| {
        let direction = if key.desc { " DESC" } else { "" };
        format!("{}{direction}", key.expr)
    });
    let unique = if index.def.unique { "UNIQUE " } else { "" };
    let keys = keys.collect::<Vec<_>>().join(", ");
    match &index.def.predicate {
        Some(predicate) => format!("`{unique}({keys}) WHERE {predicate}`"),
        None => format!("`{unique}({keys})`"),
    }
}
