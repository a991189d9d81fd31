//! Rule `offset-pagination`; the reader's side of it is `rules/offset-pagination.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::keyset::Keyset;
use super::volume::{self, Conditions, Volume};
use crate::finding::{Confidence, Place, Severity};
use crate::query::{AccessPattern, Block, Limit, Offset};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for (number, block) in (0..).zip(&cx.query.shape.blocks) {
        let Some(offset) = block.offset.as_ref().filter(|offset| grows(cx, offset)) else { continue };
        // Groups are all made before the first page; passing over them is the lesser part.
        if block.grouped || block.aggregated || block.correlated {
            continue;
        }
        let Some(volume) = volume::of_block(cx, number) else { continue };
        if volume.rows < cx.limits.min_rows || volume.conditions == Conditions::Unknown {
            continue;
        }
        let pattern = sorted(cx, number).unwrap_or(volume.most);
        let Some(keyset) = keyset(cx, block, number, pattern) else { continue };
        let (severity, confidence) = strength(&volume, volume::is_known_whole(cx));
        let at = match offset.sql.is_empty() {
            true => cx.place_of(pattern.reference),
            false => Place::Sql { query: cx.query.id, range: offset.sql.clone() },
        };
        findings
            .report(at, pattern.asked())
            .message(format!(
                "`OFFSET` reads all rows before the page and throws them away: on the last pages that is all of `{}`",
                volume.most.table
            ))
            .help(keyset.help(cx.target.dialect))
            .table(&pattern.table)
            .columns(keyset.columns())
            .at_most(severity)
            .no_surer_than(confidence);
    }
}

/// Says whether more is passed over as the table grows; a constant passes over the same few rows for ever.
fn grows(cx: &QueryContext<'_>, offset: &Offset) -> bool {
    match offset.rows {
        Limit::Param => true,
        Limit::Rows(rows) => rows as f64 >= cx.limits.min_rows,
    }
}

/// The reference of a block that its order is keyed on.
fn sorted<'a>(cx: &QueryContext<'a>, block: u16) -> Option<&'a AccessPattern> {
    references(cx, block).find(|pattern| !pattern.order.is_empty())
}

fn references<'a>(cx: &QueryContext<'a>, block: u16) -> impl Iterator<Item = &'a AccessPattern> {
    let cx = *cx;
    let references = cx.query.shape.references.iter().filter(move |reference| reference.block == block);
    references.filter_map(move |reference| cx.pattern(reference.id))
}

fn keyset<'a>(cx: &QueryContext<'a>, block: &Block, number: u16, pattern: &'a AccessPattern) -> Option<Keyset<'a>> {
    let whole = !block.ordered || (pattern.order_complete && !pattern.order.is_empty());
    let order = (whole && volume::is_known_whole(cx)).then_some(pattern.order.as_slice());
    let label = &cx.query.shape.references.get(usize::from(pattern.reference.0))?.label;
    let several = references(cx, number).nth(1).is_some();
    Keyset::of(cx.table_of(pattern)?, order, several.then_some(label))
}

/// Row counts that were given make it sure, unless the answer is as short as the call makes it.
fn strength(volume: &Volume<'_>, whole: bool) -> (Severity, Confidence) {
    match (volume.measured, volume.conditions) {
        (true, Conditions::Everything | Conditions::Share) if whole => (Severity::Warning, Confidence::High),
        (true, _) => (Severity::Info, Confidence::Medium),
        (false, _) => (Severity::Info, Confidence::Low),
    }
}
