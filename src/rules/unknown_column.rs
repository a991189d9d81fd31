//! Rule `unknown-column`; the reader's side of it is `rules/unknown-column.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::spelling;
use crate::finding::{Confidence, Place};
use crate::name::{Ident, QName, nearest};
use crate::query::{UnknownKind, UnknownName};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for unknown in cx.unknown() {
        let Some(Lacking { column, tables, owner, others }) = Lacking::of(cx, unknown) else { continue };
        let report = findings
            .report(Place::Sql { query: cx.query.id, range: unknown.sql.clone() }, column.as_str().to_ascii_lowercase())
            .message(format!("{owner} column `{column}`"))
            .table(&tables[0])
            .columns([column]);
        let report = match tables.iter().any(|table| cx.is_presumed(table)) {
            true => report.no_surer_than(Confidence::Low),
            false => report,
        };
        let Some(meant) = nearest(column.as_str(), others) else { continue };
        match spelling::of(cx, unknown, "column", column, meant) {
            Some(spelling) => report.help(spelling.help).edits(spelling.edits),
            None => report.help(format!("there is a column `{meant}`")),
        };
    }
}

/// A column that is nowhere.
struct Lacking<'a> {
    column: &'a Ident,
    /// The tables that do not have it, or that the subquery is made of; never empty.
    tables: &'a [QName],
    /// Who lacks it, as far as the verb.
    owner: String,
    /// The columns there are.
    others: Vec<&'a str>,
}

impl<'a> Lacking<'a> {
    /// Nothing where a statement that was not understood may have added the column.
    fn of(cx: &QueryContext<'a>, unknown: &'a UnknownName) -> Option<Self> {
        let (column, tables) = match &unknown.kind {
            UnknownKind::Column { column, tables } | UnknownKind::Output { column, tables, .. } => (column, tables),
            UnknownKind::Table(_) => return None,
        };
        let in_doubt =
            |name: &QName| cx.doubtful.contains(name) || cx.catalog.table(name).is_some_and(|table| !table.complete);
        if tables.is_empty() || tables.iter().any(in_doubt) {
            return None;
        }
        let (owner, others) = match &unknown.kind {
            UnknownKind::Output { of, given, .. } => {
                (format!("`{of}` gives no"), given.iter().map(Ident::as_str).collect())
            }
            _ => {
                let known = tables.iter().map(|name| cx.catalog.table(name)).collect::<Option<Vec<_>>>()?;
                let columns = known.iter().flat_map(|table| &table.columns).map(|column| column.name.as_str());
                (owner(tables)?, columns.collect())
            }
        };
        Some(Self { column, tables, owner, others })
    }
}

fn owner(tables: &[QName]) -> Option<String> {
    let names: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    Some(match names.as_slice() {
        [table] => format!("{table} has no"),
        [tables @ .., last] => format!("neither {} nor {last} has a", tables.join(", ")),
        [] => return None,
    })
}
