//! Rule `unindexed-foreign-key`; the reader's side of it is `rules/unindexed-foreign-key.md`.

use super::context::SchemaContext;
use super::findings::Findings;
use super::upkeep::{serves, unindexed};
use crate::advice::Action;
use crate::finding::{Confidence, Place, Severity};

pub(super) fn check(cx: &SchemaContext<'_>, findings: &mut Findings) {
    for found in unindexed(&cx.upkeep(), cx.table) {
        let index = found.index(cx.target.dialect);
        let columns: Vec<String> = found.key.columns.iter().map(ToString::to_string).collect();
        let makes = cx.advice().filter(|advice| advice.action != Action::Drop);
        let makes: Vec<_> =
            makes.filter(|advice| serves(&advice.def, &index, &cx.target)).map(|advice| advice.id).collect();
        let report = findings
            .report(
                Place::ForeignKey(cx.table.name.clone(), found.position),
                format!("{} > {}", columns.join(", "), found.key.to),
            )
            .message(format!(
                "no index finds the rows of `{}` by its foreign key `{}`: {}",
                cx.table.name,
                columns.join(", "),
                found.need.told(found.key)
            ))
            .table(&cx.table.name)
            .columns(&columns)
            .advice(makes);
        let create = format!("create an index on `{} ({})`", cx.table.name, columns.join(", "));
        match found.need.is_shown() {
            true => report.help(create),
            // Nobody is seen to need it, so the advised set does without.
            false => report
                .help(format!("if rows of `{}` are ever deleted, {create}", found.key.to))
                .at_most(Severity::Info)
                .no_surer_than(Confidence::Low),
        };
    }
}
