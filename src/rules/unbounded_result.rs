//! Rule `unbounded-result`; the reader's side of it is `rules/unbounded-result.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::volume::{self, Conditions, Volume};
use super::{subject, words};
use crate::finding::{Confidence, Severity};
use crate::query::{AccessPattern, StatementKind};

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
    // What an advised index finds, or a key, is a part that somebody chose.
    if volume.rows < cx.limits.min_rows || cx.index_for(most.reference).is_some() {
        return;
    }
    let columns = paged_by(cx, most);
    let (severity, confidence) = strength(&volume);
    let seen = match volume.conditions {
        Conditions::Everything => format!("every row of `{}` is returned: nothing bounds the answer", most.table),
        Conditions::Share => format!("a whole share of `{}` is returned: no `LIMIT` bounds the answer", most.table),
        Conditions::Unknown => {
            format!("no `LIMIT` bounds the answer from `{}`: how long it gets hangs on the values given", most.table)
        }
    };
    findings
        .report(cx.place_of(most.reference), subject::access(most))
        .message(seen)
        .help(format!("read it a page at a time, by {} and with a `LIMIT`", words::list(&columns, "and")))
        .table(&most.table)
        .columns(&columns)
        .at_most(severity)
        .no_surer_than(confidence);
}

/// The columns to page by: the primary key, else what is read.
fn paged_by(cx: &QueryContext<'_>, pattern: &AccessPattern) -> Vec<String> {
    let key = cx.table_of(pattern).map(|table| table.primary_key.as_slice()).unwrap_or_default();
    let columns: Vec<String> = key.iter().map(ToString::to_string).collect();
    match columns.is_empty() {
        true => pattern.columns.iter().take(1).map(ToString::to_string).collect(),
        false => columns,
    }
}

/// Rows that are only assumed make a hint, and so does what hangs on the values of a call.
fn strength(volume: &Volume<'_>) -> (Severity, Confidence) {
    match (volume.measured, volume.conditions) {
        (true, Conditions::Everything) => (Severity::Warning, Confidence::High),
        (true, Conditions::Share) => (Severity::Info, Confidence::Medium),
        _ => (Severity::Info, Confidence::Low),
    }
}
