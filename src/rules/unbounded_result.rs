//! Rule `unbounded-result`; the reader's side of it is `rules/unbounded-result.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::volume::{self, Conditions, Volume};
use super::words;
use crate::catalog::TableKind;
use crate::finding::{Confidence, Severity};
use crate::query::StatementKind;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    let shape = &cx.query.shape;
    let Some(outermost) = shape.outermost() else { return };
    let block = &shape.blocks[usize::from(outermost)];
    let one_row = block.aggregated || block.grouped || block.limit.is_some();
    // Of an OFFSET its own rule speaks.
    if shape.statement != StatementKind::Select || one_row || block.offset.is_some() {
        return;
    }
    // A condition or a LIMIT may come at run time.
    if !volume::is_known_whole(cx) || !volume::is_taken_whole(cx) {
        return;
    }
    let Some(volume) = volume::of_block(cx, outermost) else { return };
    let most = volume.most;
    // What an index finds, or could find, is a part that somebody chose; the rows of a materialised view were chosen once.
    let chosen = volume.conditions > Conditions::Range || cx.index_for(most.reference).is_some();
    let materialized = cx.table_of(most).is_some_and(|table| table.kind == TableKind::Materialized);
    if chosen || materialized || volume.rows < cx.limits.min_rows {
        return;
    }
    let (severity, confidence) = strength(&volume);
    let key = cx.table_of(most).map(|table| table.primary_key.as_slice()).unwrap_or_default();
    let seen = match volume.conditions {
        Conditions::Everything => format!("every row of `{}` is returned: nothing bounds the answer", most.table),
        Conditions::Share => format!("a whole share of `{}` is returned: no `LIMIT` bounds the answer", most.table),
        Conditions::Range | Conditions::Switched | Conditions::Unknown => {
            format!("no `LIMIT` bounds the answer from `{}`: how long it gets hangs on the range asked for", most.table)
        }
    };
    findings
        .report(cx.place_of(most.reference), most.asked())
        .message(seen)
        .help(match key {
            [] => "read it a page at a time, with a `LIMIT`".to_owned(),
            key => format!("read it a page at a time, by {} and with a `LIMIT`", words::list(key, "and")),
        })
        .table(&most.table)
        .columns(if key.is_empty() { most.columns.iter().collect::<Vec<_>>() } else { key.iter().collect() })
        .at_most(severity)
        .no_surer_than(confidence);
}

/// Rows that are only assumed make a hint, and so does what hangs on the values of a call.
fn strength(volume: &Volume<'_>) -> (Severity, Confidence) {
    match (volume.measured, volume.conditions) {
        (true, Conditions::Everything) => (Severity::Warning, Confidence::High),
        (true, Conditions::Share) => (Severity::Info, Confidence::Medium),
        _ => (Severity::Info, Confidence::Low),
    }
}
