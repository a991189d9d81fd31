//! Rule `missing-where`; the reader's side of it is `rules/missing-where.md`.

use super::context::QueryContext;
use super::findings::Findings;
use crate::finding::{Confidence, Severity};
use crate::name::QName;
use crate::query::{Clause, ClauseKind, QueryShape, SiteOrigin, StatementKind, TableRef};

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for clause in &cx.query.shape.clauses {
        let ClauseKind::EveryRow(kind) = &clause.kind else { continue };
        // Of a table that the schema does not have (a temporary one, say) nothing is known.
        let Some(pattern) = clause.reference.and_then(|reference| cx.pattern(reference)) else { continue };
        if cx.is_small(&pattern.table) || is_routine(cx, &pattern.table) {
            continue;
        }
        let verb = if *kind == StatementKind::Delete { "deleted" } else { "updated" };
        let report = findings
            .report(cx.place_of_clause(clause), clause.text.clone())
            .message(format!("every row of `{}` is {verb}", pattern.table))
            .help(help(cx))
            .table(&pattern.table);
        if is_named_so(cx) || is_of_nobody(cx) {
            report.at_most(Severity::Info).no_surer_than(Confidence::Low);
        }
    }
}

/// What to write; a query that code builds has no place for `WHERE true`.
fn help(cx: &QueryContext<'_>) -> &'static str {
    if cx.senders().all(|sender| matches!(sender.site.origin, SiteOrigin::Call { .. })) {
        "add a condition; where every row is meant, a comment `planlint: ignore[missing-where] -- why` above says so"
    } else {
        "add a `WHERE`; where every row is meant, `WHERE true` says so"
    }
}

/// Says whether every sender is called something that promises as much (`DeleteAllSessions`, `reset_counters.sql`); a
/// file's name promises nothing of what stands among queries that read (`all.sql`).
fn is_named_so(cx: &QueryContext<'_>) -> bool {
    const WORDS: &[&str] = &[
        "all",
        "clean",
        "cleanup",
        "clear",
        "drop",
        "each",
        "empty",
        "every",
        "everything",
        "flush",
        "purge",
        "recalculate",
        "recompute",
        "refresh",
        "reset",
        "truncate",
        "wipe",
    ];
    let promises = |name: &str| words(name).any(|word| WORDS.contains(&word.as_str()));
    let reads = |shape: &QueryShape| shape.statement == StatementKind::Select;
    cx.senders().all(|sender| {
        let speaks = sender.site.symbol.is_some() || !cx.shapes_in(sender.site.place.file).any(reads);
        speaks && promises(sender.name())
    })
}

/// Says whether all that is known of the senders is sqlx's offline data, which holds what tests send too.
fn is_of_nobody(cx: &QueryContext<'_>) -> bool {
    cx.senders().all(|sender| sender.site.source == "sqlx")
}

/// Says whether every sender is a script without named queries that fills the table again, or empties others too.
fn is_routine(cx: &QueryContext<'_>, table: &QName) -> bool {
    let empties = |shape: &QueryShape| {
        let emptied = |clause: &Clause| clause.kind == ClauseKind::EveryRow(StatementKind::Delete);
        shape.clauses.iter().any(emptied) && shape.references.iter().all(|reference| reference.table != *table)
    };
    let fills = |shape: &QueryShape| {
        let filled = |one: &TableRef| one.written == Some(StatementKind::Insert) && one.table == *table;
        shape.references.iter().any(filled)
    };
    cx.senders().all(|sender| {
        let routine = |shape: &QueryShape| empties(shape) || fills(shape);
        sender.site.symbol.is_none() && cx.shapes_in(sender.site.place.file).any(routine)
    })
}

/// The words of a name in snake, kebab or camel case.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::with_capacity(name.len() + 8);
    let mut lower = false;
    for char in name.chars() {
        if char.is_uppercase() && lower {
            spaced.push(' ');
        }
        lower = char.is_lowercase() || char.is_numeric();
        spaced.push(if char.is_alphanumeric() { char.to_ascii_lowercase() } else { ' ' });
    }
    spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_fall_into_words() {
        for (name, expect) in [
            ("DeleteAllSessions", vec!["delete", "all", "sessions"]),
            ("reset_counters", vec!["reset", "counters"]),
            ("clearHTTPCache2", vec!["clear", "httpcache2"]),
            ("", vec![]),
        ] {
            assert_eq!(super::words(name).collect::<Vec<_>>(), expect, "{name}");
        }
    }
}
