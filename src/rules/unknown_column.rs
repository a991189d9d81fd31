//! Rule `unknown-column`; the reader's side of it is `rules/unknown-column.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::finding::Place;
use crate::name::nearest;
use crate::query::UnknownKind;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for unknown in &cx.query.shape.unknown {
        let UnknownKind::Column { column, tables } = &unknown.kind else { continue };
        let known: Option<Vec<_>> = tables.iter().map(|name| cx.catalog.table(name)).collect();
        let Some(known) = known.filter(|known| !known.is_empty()) else { continue };
        // A statement that was not understood may have added the column.
        if unknown.sql.is_empty() || known.iter().any(|table| !table.complete || cx.doubtful.contains(&table.name)) {
            continue;
        }
        let names: Vec<String> = known.iter().map(|table| format!("`{}`", table.name)).collect();
        let message = match names.as_slice() {
            [table] => format!("{table} has no column `{column}`"),
            [tables @ .., last] => format!("neither {} nor {last} has a column `{column}`", tables.join(", ")),
            [] => continue,
        };
        let report = findings
            .report(Place::Sql { query: cx.query.id, range: unknown.sql.clone() }, column.as_str().to_ascii_lowercase())
            .message(message)
            .table(&known[0].name)
            .columns([column]);
        let columns = known.iter().flat_map(|table| &table.columns).map(|column| column.name.as_str());
        if let Some(meant) = nearest(column.as_str(), columns) {
            report.help(format!("there is a column `{meant}`"));
        }
    }
}
