//! Rule `soft-delete-partial`; the reader's side of it is `rules/soft-delete-partial.md`.

use super::context::SchemaContext;
use super::findings::Findings;
use super::upkeep::parts;
use crate::advice::Action;
use crate::finding::{Confidence, Place};
use crate::query::{PathClass, Resolution};

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    for part in parts(&cx.upkeep(), cx.table) {
        let (table, name, condition) = (&cx.table.name, part.name, part.condition);
        let (asking, all) = part.narrowed.asking;
        let left_out = match part.narrowed.left_out {
            Some(left_out) => format!("{:.0} % of the rows are others", left_out * 100.0),
            None => "how many rows are others is not known".to_owned(),
        };
        let makes = cx.advice().filter(|advice| advice.action != Action::Drop && advice.def == part.narrowed.def);
        let keys = part.index.def.keys.iter().map(|key| key.expr.to_string()).collect::<Vec<_>>();
        let state = condition.columns().iter().map(ToString::to_string).collect::<Vec<_>>();
        let report = findings
            .report(Place::Index(part.index.id), format!("{} where {}", keys.join(", "), state.join(", ")))
            .message(format!("`{name}` {}, as {asking} of {all} queries of `{table}` do; {left_out}", part.told()))
            .help(match part.index.def.unique {
                true => format!(
                    "if values may be used again where `{condition}` does not hold, create it with that condition"
                ),
                false => format!("create it with `WHERE {condition}`, and drop `{name}`"),
            })
            .table(table)
            .columns(keys)
            .advice(makes.map(|advice| advice.id))
            .proof(part.narrowed.proof.clone());
        // A smaller index that is as good is sure; how much smaller it is, what may repeat and what nobody has read is not.
        if part.index.def.unique || part.narrowed.left_out.is_none() {
            report.no_surer_than(Confidence::Low);
        } else if !is_mostly_read(cx) {
            report.no_surer_than(Confidence::Medium);
        }
    }
}

/// Says whether so few of the application's queries could not be read as a whole that none of them is likely to use an
/// index.
fn is_mostly_read(cx: &SchemaContext<'_>) -> bool {
    let own = || cx.sites.iter().filter(|site| site.database == cx.database && site.class == PathClass::App);
    own().filter(|site| site.resolution != Resolution::Resolved).count() * 20 <= own().count()
}
