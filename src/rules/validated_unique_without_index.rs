//! Rule `validated-unique-without-index`; the reader's side of it is `rules/validated-unique-without-index.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::upkeep::Checking;
use crate::advice::Action;
use crate::finding::Place;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    let checking = Checking {
        catalog: cx.catalog,
        others: cx.others,
        target: &cx.target,
        doubtful: cx.doubtful,
        sites: cx.sites,
        checks: cx.checks,
    };
    for found in checking.unkept(cx.query) {
        let (table, columns) = (&found.def.table, found.columns());
        let makes = cx.advice.iter().filter(|advice| advice.action != Action::Drop && found.is_kept_by(&advice.def));
        let condition = found.def.predicate.as_ref().map_or(String::new(), |condition| format!(" where {condition}"));
        let report = findings
            .report(Place::Sender { query: cx.query.id, number: found.sender }, found.pattern.asked())
            .message(format!("{}, and no unique index keeps out two that are added at once", found.told()))
            .help(format!(
                "create a unique index on {columns} of `{table}`{condition}; rows that repeat have to go first"
            ))
            .table(table)
            .columns(found.def.keys.iter().map(|key| &key.expr))
            .advice(makes.map(|advice| advice.id));
        if let Some(added) = found.added {
            report.related(Place::Host(added), "the row is added here");
        }
    }
}
