//! `queries`: every site with its SQL and what it asks of each table.

use std::io::{self, Write};

use crate::outcome::{
    JoinEntry, KeyEntry, OrderEntry, PatternEntry, PredicateEntry, QueryEntry, RunReport, VariantEntry,
};
use crate::report::neutral;

/// Writes a block a query.
pub(super) fn write(report: &RunReport, out: &mut dyn Write) -> io::Result<()> {
    report.queries.iter().try_for_each(|query| write_query(query, out))
}

fn write_query(query: &QueryEntry, out: &mut dyn Write) -> io::Result<()> {
    write_place(query, out)?;
    for variant in &query.variants {
        write_sql(query, variant, out)?;
        for pattern in &variant.patterns {
            writeln!(out, "  -> {}", neutral::line(&asks(pattern)))?;
        }
    }
    writeln!(out)
}

/// Writes where a query stands and what is known of it.
pub(super) fn write_place(query: &QueryEntry, out: &mut dyn Write) -> io::Result<()> {
    let at = &query.location;
    let symbol = query.symbol.as_deref().map_or(String::new(), |symbol| format!(" {}", neutral::line(symbol)));
    writeln!(
        out,
        "{}:{}:{}{symbol} ({}, {})",
        neutral::line(&at.path),
        at.line,
        at.column,
        serde_json::to_value(query.class).ok().as_ref().and_then(|class| class.as_str()).unwrap_or("app"),
        query.resolution,
    )
}

/// Writes the SQL of one form of a query.
pub(super) fn write_sql(query: &QueryEntry, variant: &VariantEntry, out: &mut dyn Write) -> io::Result<()> {
    if query.variants.len() > 1 {
        writeln!(out, "  {}", variant.kind)?;
    }
    dedent(&variant.sql).try_for_each(|line| writeln!(out, "  {}", neutral::block(line)))
}

/// The lines of a statement without the indentation that all but the first share.
fn dedent(sql: &str) -> impl Iterator<Item = &str> {
    let indent = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let shared = sql.lines().skip(1).filter(|line| !line.trim().is_empty()).map(|line| indent(&line)).min();
    let lines = sql.lines().enumerate();
    lines.map(move |(number, line)| match (number, shared) {
        (0, _) | (_, None) => line,
        (_, Some(shared)) => line.get(shared..).unwrap_or("").trim_end(),
    })
}

/// `orders o: customer_id eq, created_at range; joins customers.id; order by created_at desc; limit 50`.
pub(super) fn asks(pattern: &PatternEntry) -> String {
    let mut parts = Vec::new();
    push(&mut parts, "", pattern.predicates.iter().map(predicate));
    for branches in &pattern.any_of {
        let branches = branches.iter().map(|branch| branch.iter().map(predicate).collect::<Vec<_>>().join(" and "));
        parts.push(format!("any of ({})", branches.collect::<Vec<_>>().join(" | ")));
    }
    push(&mut parts, "joins ", pattern.joins.iter().map(join));
    push(&mut parts, "order by ", pattern.order_by.iter().map(order));
    push(&mut parts, "group by ", pattern.group_by.iter().map(|entry| key(entry).to_owned()));
    match pattern.limit {
        Some(limit) => parts.push(format!("limit {limit}")),
        None if pattern.limited => parts.push("limit ?".to_owned()),
        None => {}
    }
    if pattern.lock {
        parts.push("locks rows".to_owned());
    }
    if parts.is_empty() {
        parts.push("no condition".to_owned());
    }
    let name = match pattern.reference == pattern.table {
        true => pattern.table.to_string(),
        false => format!("{} {}", pattern.table, pattern.reference),
    };
    format!("{name}: {}", parts.join("; "))
}

fn push(parts: &mut Vec<String>, prefix: &str, words: impl Iterator<Item = String>) {
    let words: Vec<String> = words.collect();
    if !words.is_empty() {
        parts.push(format!("{prefix}{}", words.join(", ")));
    }
}

fn key(entry: &KeyEntry) -> &str {
    let (KeyEntry::Column(text) | KeyEntry::Expression(text)) = entry;
    text
}

fn predicate(entry: &PredicateEntry) -> String {
    format!("{} {}{}", key(&entry.key), entry.op, if entry.optional { " (optional)" } else { "" })
}

fn join(entry: &JoinEntry) -> String {
    format!("{} = {}.{}", key(&entry.key), entry.to_table, entry.to_column)
}

fn order(entry: &OrderEntry) -> String {
    format!("{} {}", key(&entry.key), entry.order)
}
