//! Rule `leading-wildcard-like`; the reader's side of it is `rules/leading-wildcard-like.md`.

use std::collections::BTreeSet;

use super::context::QueryContext;
use super::findings::Findings;
use super::served;
use crate::advice::IndexAdvice;
use crate::catalog::{Method, TableKind, TypeClass};
use crate::dialect::Dialect;
use crate::expr::Expr;
use crate::finding::{Confidence, Severity};
use crate::query::{AccessPattern, Clause, ClauseKind, PatternHead};

/// A LIKE with an open start.
type Like<'a> = (&'a Clause, &'a Expr, PatternHead);

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for pattern in cx.patterns() {
        let likes: Vec<Like<'_>> = cx.query.shape.clauses.iter().filter_map(|clause| of(clause, pattern)).collect();
        // One table is read once, however many of its columns are matched.
        let certain = likes.iter().find(|(_, _, head)| *head == PatternHead::Wildcard);
        let Some((clause, key, head)) = certain.or(likes.first()) else { continue };
        // Each branch of an OR has an index of its own.
        let advised: Vec<&IndexAdvice> = cx
            .advice_of("leading-wildcard-like")
            .into_iter()
            .filter(|(_, served)| served.reference == pattern.reference)
            .map(|(advice, _)| advice)
            .collect();
        if !is_read_whole(cx, pattern)
            || has_own_index(cx, pattern, &likes)
            || (advised.is_empty() && is_served(cx, pattern))
        {
            continue;
        }
        let keys: BTreeSet<&Expr> =
            likes.iter().filter(|(_, _, other)| other == head).map(|(_, key, _)| *key).collect();
        let (message, severity, confidence) = match head {
            PatternHead::Wildcard => (
                format!(
                    "the pattern for `{key}` starts with a wildcard, so that every row of `{}` is read",
                    pattern.table
                ),
                Severity::Warning,
                Confidence::High,
            ),
            PatternHead::Unknown => (
                format!("a pattern for `{key}` that starts with a wildcard reads every row of `{}`", pattern.table),
                Severity::Info,
                Confidence::Low,
            ),
        };
        let known = cx.knows_rows(&pattern.table);
        let subject: BTreeSet<&str> = likes.iter().map(|(clause, _, _)| clause.text.as_str()).collect();
        findings
            .report(cx.place_of_clause(clause), subject.into_iter().collect::<Vec<_>>().join(", "))
            .message(message)
            .help(match advised.as_slice() {
                [] => help(cx.target.dialect).to_owned(),
                all => all.iter().map(|advice| served::help(&advice.def)).collect::<Vec<_>>().join(", and "),
            })
            .table(&pattern.table)
            .columns(keys)
            .advice(advised.iter().map(|advice| advice.id))
            .proof(cx.proof().filter(|_| !advised.is_empty()).cloned())
            .at_most(if known { severity } else { Severity::Info })
            .no_surer_than(if known { confidence } else { confidence.min(Confidence::Medium) });
    }
}

fn of<'a>(clause: &'a Clause, pattern: &AccessPattern) -> Option<Like<'a>> {
    match &clause.kind {
        ClauseKind::Like { key, head } if clause.reference == Some(pattern.reference) => Some((clause, key, *head)),
        _ => None,
    }
}

/// Where rows are looked up by something else, the pattern is tested on the few that are left.
fn is_read_whole(cx: &QueryContext<'_>, pattern: &AccessPattern) -> bool {
    cx.table_of(pattern).is_some_and(|table| table.kind != TableKind::Foreign)
        && !cx.is_small(&pattern.table)
        && !cx.is_sought(pattern)
}

/// Says whether an index is advised that finds the rows by something else.
fn is_served(cx: &QueryContext<'_>, pattern: &AccessPattern) -> bool {
    cx.index_for(pattern.reference).is_some()
}

/// Says whether what is matched stands in an index of a method that may know words or trigrams, or in a full-text table
/// of SQLite, which is one.
fn has_own_index(cx: &QueryContext<'_>, pattern: &AccessPattern, likes: &[Like<'_>]) -> bool {
    let matched: BTreeSet<_> = likes.iter().flat_map(|(_, key, _)| key.columns()).collect();
    cx.table_of(pattern).is_some_and(|table| {
        let mut special = table.usable_indexes().filter(|index| matches!(index.def.method, Method::Other(_)));
        special.any(|index| index.def.keys.iter().any(|key| !key.expr.columns().is_disjoint(&matched)))
            || matched.iter().any(|column| table.class_of(column) == Some(TypeClass::TextSearch))
    })
}

fn help(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "if the table is large, create a trigram index (`CREATE EXTENSION pg_trgm`, then `USING gin (… gin_trgm_ops)`)"
        }
        Dialect::Sqlite => "if the table is large, search an `fts5` table with the `trigram` tokenizer",
        Dialect::Mysql => "if the table is large, create a `FULLTEXT` index and search it by `MATCH … AGAINST`",
    }
}
