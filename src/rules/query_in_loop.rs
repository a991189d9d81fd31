//! Rule `query-in-loop`; the reader's side of it is `rules/query-in-loop.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::expr::Expr;
use crate::finding::{Confidence, Place};
use crate::name::{Ident, QName};
use crate::query::{
    AccessPattern, Implied, InLoop, Limit, PathClass, Predicate, PredicateOp, QueryShape, QuerySite, SiteOrigin,
    StatementKind, Takes, Value,
};
use crate::source::HostSpan;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    let shape = &cx.query.shape;
    let Some(pattern) = cx.patterns().iter().find(|pattern| keys(pattern).next().is_some()) else { return };
    // What a row is changed to hangs on the row.
    if shape.statement != StatementKind::Select || pattern.lock {
        return;
    }
    let outermost = shape.outermost();
    let mut of_block = shape.references.iter().filter(|reference| Some(reference.block) == outermost);
    let (first, last) = (of_block.next(), of_block.next_back());
    let mut told: Vec<HostSpan> = Vec::new();
    for (number, sender) in cx.query.senders.iter().enumerate() {
        let site = &cx.sites[sender.site.0 as usize];
        let speaks = site.class == PathClass::App && site.requires(sender.variant);
        let Some(repeat) = site.in_loop.as_ref().filter(|_| speaks) else { continue };
        let Some(rows) = rows(cx, repeat) else { continue };
        if !is_load(site) && asks_whether_there(cx, shape, &rows) {
            continue;
        }
        // What is loaded stays loaded, however often the row is asked for it.
        if is_load(site) && told.contains(&repeat.place) {
            continue;
        }
        told.push(repeat.place);
        // The table between two stands before the one that a relationship leads to.
        let read = if is_load(site) { last.or(first) } else { first };
        let read = read.map_or(&pattern.table, |reference| &reference.table);
        let of = rows.table.map_or("of another query".to_owned(), |table| format!("of `{table}`"));
        findings
            .report(Place::Sender { query: cx.query.id, number }, pattern.asked())
            .message(match is_load(site) {
                true => format!("loading this relationship queries `{read}` for each row {of}"),
                false => format!("`{read}` is queried for each row {of}"),
            })
            .help(help(site, read, pattern))
            .table(read)
            .columns(keys(pattern))
            .related(Place::Host(rows.place), "the rows come from here")
            .no_surer_than(rows.confidence);
    }
}

/// What a query is sent for each row of.
struct Rows<'a> {
    place: HostSpan,
    table: Option<&'a QName>,
    /// Every column of that table is read.
    is_whole: bool,
    confidence: Confidence,
}

/// What is known of the query that gives a loop's rows; nothing where there is none, or its rows are few.
fn rows<'a>(cx: &QueryContext<'a>, repeat: &InLoop) -> Option<Rows<'a>> {
    let (site, outer) = cx.sent_at(&repeat.rows)?;
    let unread = Rows { place: site.place, table: None, is_whole: false, confidence: Confidence::Medium };
    let Some(outer) = outer else { return Some(unread) };
    let shape = &outer.query.shape;
    let Some(outermost) = shape.outermost() else { return Some(unread) };
    let block = &shape.blocks[usize::from(outermost)];
    let few = match block.limit {
        Some(Limit::Rows(rows)) => rows <= MANY as u64,
        Some(Limit::Param) | None => block.aggregated && !block.grouped,
    };
    let of_block = outer.patterns().iter().zip(&shape.references).filter(|(_, one)| one.block == outermost);
    let tables: Vec<&AccessPattern> = of_block.map(|(pattern, _)| pattern).collect();
    let is_one = tables.len() == 1 && tables.iter().all(|pattern| outer.is_one_row(pattern));
    let table = tables.first().map(|pattern| &pattern.table);
    let known_few = table.is_some_and(|table| cx.knows_rows(table) && cx.is_fewer(table, MANY));
    if few || is_one || known_few || site.takes == Takes::One {
        return None;
    }
    // What a table is called says little about how few rows it has.
    let assumed_few = table.is_some_and(|table| cx.is_fewer(table, ASSUMED_MANY));
    let confidence = if assumed_few { Confidence::Low } else { Confidence::High };
    let is_whole = tables.first().is_some_and(|pattern| {
        let table = cx.catalog.table(&pattern.table);
        table.is_some_and(|table| table.columns.iter().all(|column| pattern.columns.contains(&column.name)))
    });
    Some(Rows { place: site.place, table, is_whole, confidence })
}

/// Says whether it is asked of a row that is at hand whether it is there yet, which cannot be read before.
fn asks_whether_there(cx: &QueryContext<'_>, shape: &QueryShape, rows: &Rows<'_>) -> bool {
    let [reference] = &shape.references[..] else { return false };
    let Some(table) =
        cx.catalog.table(&reference.table).filter(|table| rows.is_whole && rows.table == Some(&table.name))
    else {
        return false;
    };
    let pattern = &shape.patterns[usize::from(reference.id.0)];
    let asked = |column: &Ident| keys(pattern).any(|key| key.as_column() == Some(column));
    let reads_none = pattern.columns.iter().all(|column| table.primary_key.contains(column));
    reads_none && !table.primary_key.is_empty() && table.primary_key.iter().all(asked)
}

/// As many round trips are felt, whatever they ask.
const MANY: f64 = 10.0;

/// Tables that are taken to be smaller are lists that somebody keeps by hand.
const ASSUMED_MANY: f64 = 1_000.0;

/// What the conditions that may hold the row are asked of.
fn keys(pattern: &AccessPattern) -> impl Iterator<Item = &Expr> {
    let is_key = |one: &&Predicate| one.value == Value::Param && one.op == PredicateOp::Eq;
    pattern.predicates.iter().filter(is_key).map(|predicate| &predicate.key)
}

fn is_load(site: &QuerySite) -> bool {
    matches!(site.origin, SiteOrigin::Implied { kind: Implied::RelationLoad, .. })
}

fn help(site: &QuerySite, read: &QName, pattern: &AccessPattern) -> String {
    let keys: Vec<&Expr> = keys(pattern).collect();
    match (is_load(site), site.source, keys.as_slice()) {
        (true, "django", _) => {
            "load it with the rows: `select_related(…)` for one object, `prefetch_related(…)` for several".to_owned()
        }
        (true, ..) => {
            "load it with the rows: `.options(selectinload(…))`, or `joinedload(…)` for one object".to_owned()
        }
        (false, _, [key]) => {
            format!(
                "read `{read}` once before the loop, by `{key} IN (…)` with the keys of all rows, or join it to them"
            )
        }
        (false, ..) => {
            format!("read `{read}` once before the loop, by an `IN (…)` with what all rows ask for, or join it to them")
        }
    }
}
