//! Patterns as a person would jot them down.

use crate::catalog::Catalog;
use crate::query::{
    AccessPattern, Bound, JoinKind, Limit, OrderKey, Predicate, PredicateOp, QueryShape, UnknownKind, Value,
};
use crate::shape::shape;

/// One line for each reference, then one for each unknown name.
pub(super) fn lines(sql: &str, catalog: &Catalog) -> Vec<String> {
    let shape = match shape(sql, catalog) {
        Ok(shaped) => shaped.shape,
        Err(failure) => return vec![format!("{}: {}", failure.reason, failure.message)],
    };
    let mut lines: Vec<String> = shape.patterns.iter().map(|pattern| line(pattern, &shape, catalog)).collect();
    lines.extend(shape.unknown.iter().map(|unknown| match &unknown.kind {
        UnknownKind::Table(table) => format!("unknown table {table}"),
        UnknownKind::Column { column, tables } => {
            let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
            format!("unknown column {column} of {}", tables.join(", "))
        }
        UnknownKind::Output { column, of, .. } => format!("unknown output {column} of {of}"),
    }));
    lines
}

fn line(pattern: &AccessPattern, shape: &QueryShape, catalog: &Catalog) -> String {
    let reference = &shape.references[usize::from(pattern.reference.0)];
    let mut marks = String::new();
    if reference.written.is_some() {
        marks.push('!');
    }
    if reference.nullable_side {
        marks.push('?');
    }
    if reference.via_view.is_some() {
        marks.push('^');
    }
    let mut items: Vec<String> = pattern.predicates.iter().map(predicate).collect();
    for or in &pattern.disjunctions {
        let branches = or.branches.iter().map(|all| all.iter().map(predicate).collect::<Vec<_>>().join(" & "));
        items.push(format!("({})", branches.collect::<Vec<_>>().join(" | ")));
    }
    for join in &pattern.joins {
        let kind = match join.kind {
            JoinKind::Inner => "",
            JoinKind::Outer => " outer",
            JoinKind::Semi => " semi",
            JoinKind::Correlated => " correlated",
        };
        let other = &shape.references[usize::from(join.other.0)].label;
        items.push(format!("{} = {other}.{}{kind}", join.key, join.other_key));
    }
    if !pattern.order.is_empty() {
        let keys: Vec<String> = pattern.order.iter().map(|key| order(key, catalog)).collect();
        let more = if pattern.order_complete { "" } else { " …" };
        items.push(format!("order {}{more}", keys.join(", ")));
    }
    for (word, keys) in [("group", &pattern.group), ("distinct", &pattern.distinct)] {
        if !keys.is_empty() {
            items.push(format!("{word} {}", keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")));
        }
    }
    items.extend(pattern.extremum.iter().map(|key| format!("extremum {key}")));
    items.extend(pattern.limit.map(|limit| match limit {
        Limit::Rows(rows) => format!("limit {rows}"),
        Limit::Param => "limit ?".to_owned(),
    }));
    if pattern.lock {
        items.push("lock".to_owned());
    }
    format!("{}{marks}: {}", reference.label, items.join(", ")).trim_end().to_owned()
}

fn predicate(predicate: &Predicate) -> String {
    let value = match &predicate.value {
        Value::Literals(literals) => literals.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Value::Param => "?".to_owned(),
        Value::Subquery => "(subquery)".to_owned(),
    };
    let op = match predicate.op {
        PredicateOp::Eq => "=",
        PredicateOp::In => "in",
        PredicateOp::Range(Bound::Lower) => ">",
        PredicateOp::Range(Bound::Upper) => "<",
        PredicateOp::Range(Bound::Both) => "<>",
        PredicateOp::Prefix => "prefix",
        PredicateOp::Null => "null",
        PredicateOp::NotNull => "not null",
        PredicateOp::Other => "other",
    };
    let optional = if predicate.optional { " ~" } else { "" };
    format!("{} {op} {value}", predicate.key).trim_end().to_owned() + optional
}

fn order(key: &OrderKey, catalog: &Catalog) -> String {
    let desc = if key.desc { " desc" } else { "" };
    let nulls = match key.nulls_first == catalog.dialect.nulls_first_by_default(key.desc) {
        true => "",
        false if key.nulls_first => " nulls first",
        false => " nulls last",
    };
    format!("{}{desc}{nulls}", key.key)
}
