//! Rule `query-in-loop`; the reader's side of it is `rules/query-in-loop.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::{subject, words};
use crate::expr::Expr;
use crate::finding::{Confidence, Place};
use crate::name::QName;
use crate::query::{
    AccessPattern, Implied, InLoop, Limit, PathClass, PredicateOp, QuerySite, SiteOrigin, StatementKind, Takes, Value,
};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    let shape = &cx.query.shape;
    let keyed = cx.patterns().iter().find_map(|pattern| Some((pattern, key(pattern)?)));
    let Some((pattern, key)) = keyed else { return };
    // What a row is changed to hangs on the row.
    if shape.statement != StatementKind::Select || pattern.lock {
        return;
    }
    let outermost = shape.outermost();
    let read = shape.references.iter().rfind(|reference| Some(reference.block) == outermost);
    let read = read.map_or(&pattern.table, |reference| &reference.table);
    for (number, sender) in cx.query.senders.iter().enumerate() {
        let site = &cx.sites[sender.site.0 as usize];
        let Some(repeat) = site.in_loop.filter(|_| site.class == PathClass::App && site.requires(sender.variant)) else {
            continue;
        };
        let Some(rows) = rows(cx, repeat) else { continue };
        let times = rows.table.map_or("of another query".to_owned(), |table| format!("of `{table}`"));
        findings
            .report(Place::Sender { query: cx.query.id, number }, subject::access(pattern))
            .message(match site.origin {
                SiteOrigin::Implied { .. } => format!("loading this relationship queries `{read}` for each row {times}"),
                _ => format!("`{read}` is queried for each row {times}"),
            })
            .help(help(site, read, key, rows.table))
            .table(read)
            .columns([key])
            .related(Place::Host(repeat.rows), "the rows come from here")
            .no_surer_than(rows.confidence);
    }
}

/// What a query is sent for each row of.
struct Rows<'a> {
    table: Option<&'a QName>,
    confidence: Confidence,
}

/// What is known of the query that gives a loop's rows; nothing where they are few, or one.
fn rows<'a>(cx: &QueryContext<'a>, repeat: InLoop) -> Option<Rows<'a>> {
    let Some(outer) = cx.sent_at(repeat.rows) else {
        return Some(Rows { table: None, confidence: Confidence::Medium });
    };
    let shape = &outer.query.shape;
    let block = &shape.blocks[usize::from(shape.outermost()?)];
    let few = match block.limit {
        Some(Limit::Rows(rows)) => rows <= MANY as u64,
        Some(Limit::Param) | None => block.aggregated && !block.grouped,
    };
    let takes_one = outer.query.senders.iter().any(|sender| {
        let site = &cx.sites[sender.site.0 as usize];
        site.place.file == repeat.rows.file && site.takes == Takes::One
    });
    let of_block = outer.patterns().iter().zip(&shape.references);
    let mut of_block = of_block.filter(|(_, reference)| Some(reference.block) == shape.outermost());
    let is_one = of_block.clone().count() == 1 && of_block.clone().all(|(pattern, _)| outer.is_one_row(pattern));
    let table = of_block.next().map(|(pattern, _)| &pattern.table);
    if few || takes_one || is_one || table.is_some_and(|table| cx.knows_rows(table) && cx.is_fewer(table, MANY)) {
        return None;
    }
    // What a table is called says little about how few rows it has.
    let assumed_few = table.is_some_and(|table| cx.is_fewer(table, ASSUMED_MANY));
    let confidence = if assumed_few { Confidence::Low } else { Confidence::High };
    Some(Rows { table, confidence })
}

/// As many round trips are felt, whatever they ask.
const MANY: f64 = 10.0;

/// Tables that are taken to be smaller are lists that somebody keeps by hand.
const ASSUMED_MANY: f64 = 1_000.0;

/// What the condition that holds the row is asked of.
fn key(pattern: &AccessPattern) -> Option<&Expr> {
    let is_key = |value: &Value, op: PredicateOp| *value == Value::Param && op == PredicateOp::Eq;
    let found = pattern.predicates.iter().find(|predicate| is_key(&predicate.value, predicate.op))?;
    Some(&found.key)
}

fn help(site: &QuerySite, read: &QName, key: &Expr, rows: Option<&QName>) -> String {
    match (&site.origin, site.source) {
        (SiteOrigin::Implied { kind: Implied::RelationLoad, .. }, "django") => {
            "load it with the rows: `select_related(…)` for one object, `prefetch_related(…)` for several".to_owned()
        }
        (SiteOrigin::Implied { kind: Implied::RelationLoad, .. }, _) => {
            "load it with the rows: `.options(selectinload(…))`, or `joinedload(…)` for one object".to_owned()
        }
        _ => {
            let tables = rows.map_or("".to_owned(), |rows| format!(", or join {} to it", words::list([rows], "and")));
            format!("read `{read}` once before the loop, by `{key} IN (…)` with the keys of all rows{tables}")
        }
    }
}
