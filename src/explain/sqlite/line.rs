//! One line of EXPLAIN QUERY PLAN, read as text; knows nothing of the lines around it.

use crate::catalog::IndexId;
use crate::plan::{ConditionKind, SortPurpose, SubqueryKind};

/// What a line says.
pub(super) enum Line<'a> {
    /// `SCAN x …`, `SEARCH x …`
    Loop { name: &'a str, using: Using<'a>, search: bool },
    /// `CO-ROUTINE x`, `MATERIALIZE x`
    Derived { name: &'a str, kind: SubqueryKind },
    /// `SCALAR SUBQUERY n`, `LIST SUBQUERY n`, correlated or not
    Subquery(SubqueryKind),
    /// `USE TEMP B-TREE FOR …`
    Sort { purpose: SortPurpose, presorted: bool },
    /// `MULTI-INDEX OR`
    MultiIndexOr,
    /// `COMPOUND QUERY`
    Compound,
    /// `MERGE (UNION)`: the operator, lower case
    Merge(String),
    /// `USING INDEX x FOR IN-OPERATOR`, and the same by rowid
    InOperator { index: Option<IndexId> },
    /// A remark that changes no step: Bloom filters, a subquery used again.
    Note,
    /// Anything else, lower case.
    Other(String),
}

/// By what a loop finds its rows.
pub(super) enum Using<'a> {
    /// Nothing is said.
    Nothing,
    /// `INDEX ix_N (…)`
    Index { id: IndexId, covering: bool, terms: &'a str },
    /// `INTEGER PRIMARY KEY (rowid=?)`
    Rowid { terms: &'a str },
    /// `PRIMARY KEY (…)`, of a WITHOUT ROWID table
    PrimaryKey { terms: &'a str },
    /// `AUTOMATIC [PARTIAL] COVERING INDEX (…)`
    Automatic { terms: &'a str },
    /// `VIRTUAL TABLE INDEX …`
    Virtual,
}

/// Reads a line.
pub(super) fn read(detail: &str) -> Line<'_> {
    if let Some(rest) = detail.strip_prefix("SCAN ") {
        return if rest.contains("CONSTANT ROW") || rest.ends_with("-ROW VALUES CLAUSE") {
            Line::Other("constant row".to_owned())
        } else {
            scan(rest, false)
        };
    }
    if let Some(rest) = detail.strip_prefix("SEARCH ") {
        return scan(rest, true);
    }
    if let Some(name) = detail.strip_prefix("CO-ROUTINE ") {
        return Line::Derived { name, kind: SubqueryKind::Coroutine };
    }
    if let Some(name) = detail.strip_prefix("MATERIALIZE ") {
        return Line::Derived { name, kind: SubqueryKind::Materialized };
    }
    if let Some(purpose) = detail.strip_prefix("USE TEMP B-TREE FOR ") {
        return sort(purpose);
    }
    if let Some(method) = detail.strip_prefix("MERGE (") {
        return Line::Merge(method.trim_end_matches(')').to_ascii_lowercase());
    }
    if let Some(list) = detail.strip_prefix("USING ").and_then(|rest| rest.strip_suffix(" FOR IN-OPERATOR")) {
        return Line::InOperator { index: list.strip_prefix("INDEX ").and_then(index_id) };
    }
    let (kind, subquery) = match detail.strip_prefix("CORRELATED ") {
        Some(rest) => (SubqueryKind::Correlated, rest),
        None => (SubqueryKind::Scalar, detail),
    };
    if subquery.starts_with("SCALAR SUBQUERY") || subquery.starts_with("LIST SUBQUERY") {
        return Line::Subquery(kind);
    }
    match detail {
        "MULTI-INDEX OR" => Line::MultiIndexOr,
        "COMPOUND QUERY" => Line::Compound,
        _ if detail.contains("BLOOM FILTER") || detail.starts_with("REUSE ") => Line::Note,
        _ => Line::Other(detail.to_ascii_lowercase()),
    }
}

fn scan(rest: &str, search: bool) -> Line<'_> {
    let rest = rest.strip_suffix(" LEFT-JOIN").unwrap_or(rest);
    let (name, using) = match (rest.split_once(" USING "), rest.split_once(" VIRTUAL TABLE INDEX ")) {
        (Some((name, by)), _) => (name, using(by)),
        (None, Some((name, _))) => (name, Using::Virtual),
        (None, None) => (rest, Using::Nothing),
    };
    // EXISTS(…) that was turned into a join stops at its first row.
    let name = name.strip_suffix(" EXISTS").unwrap_or(name);
    Line::Loop { name, using, search }
}

fn using(by: &str) -> Using<'_> {
    let (what, terms) = match by.split_once(" (") {
        Some((what, terms)) => (what, terms.strip_suffix(')').unwrap_or(terms)),
        None => (by, ""),
    };
    if what.starts_with("AUTOMATIC ") {
        return Using::Automatic { terms };
    }
    if what == "INTEGER PRIMARY KEY" {
        return Using::Rowid { terms };
    }
    let (covering, name) = match what.strip_prefix("COVERING ") {
        Some(rest) => (true, rest),
        None => (false, what),
    };
    match name.strip_prefix("INDEX ").and_then(index_id) {
        Some(id) => Using::Index { id, covering, terms },
        // Only `PRIMARY KEY` is left: every index has a name of ours.
        None => Using::PrimaryKey { terms },
    }
}

fn index_id(name: &str) -> Option<IndexId> {
    name.strip_prefix("ix_")?.parse().ok().map(IndexId)
}

fn sort(purpose: &str) -> Line<'_> {
    let presorted = purpose.starts_with("LAST ") || purpose.starts_with("RIGHT PART OF ");
    let purpose = match purpose {
        "GROUP BY" => SortPurpose::GroupBy,
        // `string_agg(x ORDER BY y)` sorts inside an aggregate.
        _ if purpose.ends_with("(ORDER BY)") => SortPurpose::Other,
        _ if purpose.ends_with("ORDER BY") => SortPurpose::OrderBy,
        _ if purpose.contains("DISTINCT") => SortPurpose::Distinct,
        _ => SortPurpose::Other,
    };
    Line::Sort { purpose, presorted }
}

/// Reads one term of a condition list: the printed name and how it is searched.
pub(super) fn term(term: &str) -> (&str, ConditionKind) {
    if let Some(name) = term.strip_prefix("ANY(").and_then(|rest| rest.strip_suffix(')')) {
        return (name, ConditionKind::Skipped);
    }
    // A comparison of row values prints as `(a,b)>(?,?)`: it searches by the first of them.
    let row = |sign: &str| term.strip_prefix('(')?.split_once(sign).map(|(names, _)| names);
    if let Some(names) = row(")>(") {
        return (names, ConditionKind::Greater);
    }
    if let Some(names) = row(")<(") {
        return (names, ConditionKind::Less);
    }
    if let Some(name) = term.strip_suffix(">?") {
        return (name, ConditionKind::Greater);
    }
    if let Some(name) = term.strip_suffix("<?") {
        return (name, ConditionKind::Less);
    }
    (term.strip_suffix("=?").unwrap_or(term), ConditionKind::Equal)
}
