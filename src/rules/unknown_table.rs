//! Rule `unknown-table`; the reader's side of it is `rules/unknown-table.md`.

use super::context::{QueryContext, nearest_table};
use super::findings::Findings;
use super::spelling;
use crate::finding::{Confidence, Place};
use crate::name::{QName, is_slip};
use crate::query::UnknownKind;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for unknown in cx.unknown() {
        let UnknownKind::Table(table) = &unknown.kind else { continue };
        if cx.doubtful.contains(table) || !cx.schema_fits || is_elsewhere(cx, table) {
            continue;
        }
        let report = findings
            .report(Place::Sql { query: cx.query.id, range: unknown.sql.clone() }, String::new())
            .message(format!("the schema has no table `{table}`"))
            .table(table);
        if let Some(other) = of_another_schema(cx, table) {
            report
                .help(format!("there is `{other}`: name its schema, unless the connection's `search_path` does"))
                .no_surer_than(Confidence::Low);
            continue;
        }
        match nearest_table(cx.catalog, table) {
            Some(meant) => match spelling::of(cx, unknown, "table", &table.name, meant) {
                Some(spelling) => report.help(spelling.help).edits(spelling.edits),
                None if is_slip(table.name.as_str(), meant) => report.help(format!("there is a table `{meant}`")),
                None => report.help(format!("there is a table `{meant}`")).no_surer_than(Confidence::Medium),
            },
            // Without a name close to it, the table may well be created where planlint does not look.
            None => report
                .help("if it is created elsewhere, name that file under `schema` in `planlint.toml`")
                .no_surer_than(Confidence::Medium),
        };
    }
}

/// The table of the same name in a schema that the query does not name: a connection may look for it there first.
fn of_another_schema<'c>(cx: &'c QueryContext<'_>, table: &QName) -> Option<&'c QName> {
    let mut known = cx.catalog.tables.keys().chain(cx.catalog.views.keys());
    let is_it = |name: &QName| name.schema.is_some() && name.name.as_str() == table.name.as_str();
    known.find(|name| table.schema.is_none() && is_it(name))
}

/// Whether a table is said to be of a schema that nothing here is of: another database's, or one that others make.
fn is_elsewhere(cx: &QueryContext<'_>, table: &QName) -> bool {
    let known = || cx.catalog.tables.keys().chain(cx.catalog.views.keys());
    table.schema.is_some() && known().all(|name| name.schema != table.schema)
}
