//! Rule `implicit-cast`; the reader's side of it is `rules/implicit-cast.md`.

use super::context::QueryContext;
use super::findings::Findings;
use super::words;
use crate::catalog::{Column, Index, Method, Table, TypeClass};
use crate::coverage::{self, Joins};
use crate::dialect::Dialect;
use crate::expr::{Expr, Literal, cast_changes_nothing};
use crate::finding::Place;
use crate::query::{AccessPattern, Predicate, PredicateOp, Value};
use crate::stats::{ColumnRole, StatsSource};

/// Distinct values from which one finds few rows: a hundredth of them is what a planner still searches an index for.
const MANY: f64 = 100.0;

pub(super) fn check(cx: &QueryContext<'_>, findings: &mut Findings) {
    for pattern in cx.patterns() {
        let Some(table) = cx.table_of(pattern).filter(|table| !cx.is_small(&table.name)) else { continue };
        for predicate in &pattern.predicates {
            let Some((column, index)) = searched(cx, table, pattern, predicate) else { continue };
            let Some(Cast { to, help }) = cast(cx, pattern, predicate, column) else { continue };
            let message = format!(
                "`{}` is converted to {to} before it is compared, so {} cannot be searched",
                column.name,
                words::index(index)
            );
            findings
                .report(
                    cx.place_in(&predicate.sql, pattern.reference),
                    format!("{} of {}", predicate.key, pattern.asked()),
                )
                .message(message)
                .help(help)
                .table(&pattern.table)
                .columns([&predicate.key])
                .related(Place::Index(index.id), format!("the index on `{}`", column.name));
        }
    }
}

/// How a column is converted, and what to do about it.
struct Cast {
    to: String,
    help: String,
}

/// The column that a condition would find few rows by, and the index that would be searched.
fn searched<'a>(
    cx: &QueryContext<'a>,
    table: &'a Table,
    pattern: &AccessPattern,
    predicate: &Predicate,
) -> Option<(&'a Column, &'a Index)> {
    let column = table.column(predicate.key.as_column()?)?;
    let known = cx.stats.column(&table.name, &column.name)?;
    let counted = known.source > StatsSource::Assumed && known.n_distinct >= MANY;
    let few = counted || matches!(known.role, ColumnRole::Key | ColumnRole::Reference | ColumnRole::ManyValued);
    let equal = matches!(predicate.op, PredicateOp::Eq | PredicateOp::In);
    // A cast that the query asks for is `unindexable-predicate`'s.
    let asked = |other: &Predicate| other.key.as_column().is_none() && other.key.columns().contains(&column.name);
    if !few || !equal || predicate.optional || pattern.predicates.iter().any(asked) {
        return None;
    }
    let leads = |index: &&Index| {
        let method = matches!(index.def.method, Method::Btree | Method::Hash);
        method && index.def.predicate.is_none() && index.def.keys[0].expr == predicate.key
    };
    Some((column, table.usable_indexes().find(leads)?))
}

fn cast(cx: &QueryContext<'_>, pattern: &AccessPattern, predicate: &Predicate, column: &Column) -> Option<Cast> {
    match cx.target.dialect {
        Dialect::Postgres => in_plan(cx, pattern, column),
        Dialect::Mysql => of_text(cx, pattern, predicate, column),
        // Its affinities convert the value, never the column.
        Dialect::Sqlite => None,
    }
}

/// PostgreSQL shows what it converts, and that it finds no row by it.
fn in_plan(cx: &QueryContext<'_>, pattern: &AccessPattern, column: &Column) -> Option<Cast> {
    let converted =
        cx.query.planned()?.casts.iter().find(|one| one.reference == pattern.reference && one.column == column.name)?;
    let own = column.ty.declared.as_str();
    // Texts are one type to an index, but for those that are padded or compared without case.
    let apart = ["char", "character", "bpchar", "citext"].contains(&own.split('(').next().unwrap_or_default().trim());
    if (cast_changes_nothing(&column.ty, &converted.to) && !apart) || cx.is_sought(pattern) {
        return None;
    }
    let own = match own {
        "bigserial" | "serial8" => "bigint",
        "serial" | "serial4" => "integer",
        other => other,
    };
    let help = format!("compare with a value of the column's own type: `CAST(… AS {own})`");
    Some(Cast { to: format!("`{}`", converted.to), help })
}

/// MySQL makes numbers of both sides where text meets a number.
fn of_text(cx: &QueryContext<'_>, pattern: &AccessPattern, predicate: &Predicate, column: &Column) -> Option<Cast> {
    let number = |literal: &Literal| matches!(literal, Literal::Number(_));
    let Value::Literals(values) = &predicate.value else { return None };
    if column.ty.class != TypeClass::Text || !values.iter().any(number) {
        return None;
    }
    let mut others = pattern.clone();
    others.predicates.retain(|other| other.key != Expr::Column(column.name.clone()));
    let table = cx.table_of(pattern)?;
    if coverage::serving(table, &others, Joins::Bound, &cx.target).is_some_and(|other| other.coverage.seeks()) {
        return None;
    }
    Some(Cast { to: "a number".to_owned(), help: "write the value as text, in quotes".to_owned() })
}
